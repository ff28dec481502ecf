import { describe, expect, it } from 'vitest';
import {
  bumpParams,
  commitParams,
  commitWithExceptionParams,
  createParams,
  fenceParams,
  newestOfOriginParams,
  newestOfStatusParams,
  newestParams,
  noteParams,
  readyHeadParams,
  readyIdsParams,
  voidRunParams,
} from '../../lib/adapters/dynamodb/run-params.ts';
import {
  bumpSessionParams,
  closeParams,
  configureParams,
  createSessionParams,
  detachParams,
  fenceSessionParams,
  giveBackParams,
  lookParams,
  loseParams,
  reportParams,
  resumeParams,
  takeParams,
  voidSessionParams,
} from '../../lib/adapters/dynamodb/session-params.ts';
import { TRANSITIONS, type TransitionName } from '../../lib/domain/run.ts';
import { succeed } from '../../lib/domain/run-decisions.ts';
import { aSession, CHANGES, exceptionOf, NOW, runIn, SESSION_REF } from '../support/rows.ts';
import { decide } from '../support/transitions.ts';

const OP = 'op-of-this-call';
const LATER = NOW + 5_000;
const ID = runIn('ready').id;

type Params = {
  readonly UpdateExpression?: string | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly KeyConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, unknown> | undefined;
};
const expressionsOf = (params: Params): string =>
  [params.UpdateExpression, params.ConditionExpression, params.KeyConditionExpression].join(' ');

/** Everything that is sent, by what it is for. */
const sent: Record<string, Params> = {
  ...Object.fromEntries(
    CHANGES.map((name) => {
      const [from = 'ready'] = TRANSITIONS[name].from;
      return [name, commitParams(decide(name, runIn(from)).change, OP)];
    }),
  ),
  'create a run': createParams(runIn('ready'), 'nonce', OP),
  'fence a run': fenceParams(ID, 3),
  'void a missing run': voidRunParams(ID, 'nonce', LATER),
  'succeed with an output': commitParams(
    succeed(runIn('running'), { outcome: 'succeeded' }, { output: 'o' }, { now: LATER, retentionMs: 1 }).change,
    OP,
  ),
  'bump a run': bumpParams(ID, 3, 0, 'nonce'),
  'bump a fenced run': bumpParams(ID, 3, 2, 'nonce'),
  'head of the ready index': readyHeadParams({ pool: 'default', shard: 1, queue: 'send_email', limit: 20 }),
  'what has aged in a class of the ready index': readyHeadParams({
    ...{ pool: 'default', shard: 1, queue: 'send_email', limit: 1 },
    aged: { priority: 8, dueBy: NOW },
  }),
  'note what a person says': noteParams(ID, { notedOutput: 'by hand', hidden: true }, LATER),
  'create a run of a job': createParams(
    runIn('ready', {
      ...{ id: `42.${NOW}`, job: '42', spec: 3, trigger: 'schedule', startBy: NOW + 60_000 },
      needs: { tags: ['gpu'] },
    }),
    'nonce',
    OP,
  ),
  'create a run of a step': createParams(runIn('ready', { id: '42~pay~1' }), 'nonce', OP),
  'try a run of a step again later': commitParams(
    decide('retry', runIn('running', { id: '42~pay~c1', maxTries: 3 })).change,
    OP,
  ),
  'ready ids': readyIdsParams({ pool: 'default', shard: 1 }),
  'newest runs': newestParams({ family: 'plain', shard: 7, limit: 10 }),
  'newest runs of jobs': newestParams({ family: 'job', shard: 7, limit: 10 }),
  'newest runs before one': newestParams({ family: 'plain', shard: 7, limit: 10, before: '42' }),
  'newest of a handler': newestOfOriginParams({ family: 'plain', shard: 7, limit: 10, origin: 'send_email' }),
  'newest of a job before one': newestOfOriginParams({
    ...{ family: 'job', shard: 10, limit: 10, origin: '42', before: `42.${NOW}` },
  }),
  'newest failed before one': newestOfStatusParams({
    family: 'plain',
    shard: 7,
    limit: 10,
    status: 'failed',
    before: '42',
  }),
  'create a session': createSessionParams(aSession(), 'nonce', OP),
  'look at a shard': lookParams('default', 1, undefined),
  'look at a shard from a place': lookParams('default', 1, 'session-5'),
  'look at a whole pool': lookParams('default', 1, undefined, 50),
  'take one': takeParams(aSession({ q: 3 }), 1, LATER, OP),
  'take four': takeParams(aSession({ q: 3 }), 4, LATER, OP),
  'give back two': giveBackParams(aSession({ q: 3, op: 'op-of-the-take' }), 2, OP),
  report: reportParams(SESSION_REF, { rep: 4, seen: 2, limit: 9 }, { take: 0, now: LATER }, OP),
  heartbeat: reportParams(
    SESSION_REF,
    { rep: 4, seen: 2, limit: 9 },
    { heartbeat: { list: ['1:1'], conn: 'conn-new' }, take: 0, now: LATER },
    OP,
  ),
  'heartbeat without a socket': reportParams(
    SESSION_REF,
    { rep: 4, seen: 0, limit: 0 },
    { heartbeat: { list: ['1:1'] }, take: 0, now: LATER },
    OP,
  ),
  'switch a worker off': configureParams(SESSION_REF, { disabled: true }, OP),
  'configure a worker': configureParams(SESSION_REF, { tags: ['gpu'], maxTasks: 3, disabled: false }, OP),
  'report and take two': reportParams(SESSION_REF, { rep: 4, seen: 2, limit: 9 }, { take: 2, now: LATER }, OP),
  resume: resumeParams(SESSION_REF, { conn: 'c', epoch: 2 }, { rep: 4, seen: 2, limit: 9 }, ['1:1'], LATER, OP),
  detach: detachParams(SESSION_REF, 'conn-1', OP),
  'lose after silence': loseParams(SESSION_REF, NOW, OP),
  'lose at once': loseParams(SESSION_REF, undefined, OP),
  close: closeParams(SESSION_REF, OP),
  'fence a session': fenceSessionParams(SESSION_REF, 1, OP),
  'void a missing session': voidSessionParams(SESSION_REF, 'nonce', LATER),
  'bump a session': bumpSessionParams(SESSION_REF, 1, 0, 'nonce', OP),
  'bump a fenced session': bumpSessionParams(SESSION_REF, 1, 2, 'nonce', OP),
};

describe('what is sent to DynamoDB', () => {
  it.each(Object.keys(sent))('%s', (name) => {
    expect(sent[name]).toMatchSnapshot();
  });

  it('a run that fails, together with its exception', () => {
    const run = runIn('running');
    expect(commitWithExceptionParams(decide('fail', run).change, exceptionOf(run), OP, 'executions')).toMatchSnapshot();
  });

  it.each(Object.entries(sent))(
    '%s: every placeholder is declared, and every declared one is used',
    (_name, params) => {
      const used = new Set(expressionsOf(params).match(/[#:][A-Za-z0-9_]+/g));
      const declared = [
        ...Object.keys(params.ExpressionAttributeNames ?? {}),
        ...Object.keys(params.ExpressionAttributeValues ?? {}),
      ];
      expect(used).toEqual(new Set(declared));
    },
  );
});

describe('every change of a run', () => {
  const cases = CHANGES.flatMap((name) => TRANSITIONS[name].from.map((from) => [name, from] as const));
  const paramsOf = (name: TransitionName, from: (typeof cases)[number][1]) =>
    commitParams(decide(name, runIn(from)).change, OP);

  it.each(cases)('%s from %s asks for exactly the statuses that it may start from', (name, from) => {
    const { ConditionExpression, ExpressionAttributeValues = {} } = paramsOf(name, from);
    const [, listed = ''] = /^#status IN \(([^)]*)\)/.exec(ConditionExpression ?? '') ?? [];
    const statuses = listed.split(', ').map((placeholder) => ExpressionAttributeValues[placeholder]);
    expect(statuses).toEqual([...TRANSITIONS[name].from]);
    // All conditions hold together: an OR would let a write through that one of them refuses. Within one it may stand.
    expect(ConditionExpression?.replace(/ AND \(attribute_not_exists\(#startBy\) OR .*\)$/, '')).not.toMatch(/ OR /);
  });

  it.each(cases)('%s from %s names the attempt, stamps its op and asks for the row that refuses it', (name, from) => {
    const params = paramsOf(name, from);
    expect(params.ConditionExpression).toContain('#attempt = :attempt_');
    expect(params.ExpressionAttributeValues).toMatchObject({ ':attempt_': runIn(from).attempt, ':op': OP });
    expect(params.UpdateExpression).toContain('#op = :op');
    expect(params).toMatchObject({ ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
  });

  it.each(cases)('%s from %s adds to nothing: a repeated request sets the same values (W1)', (name, from) => {
    expect(paramsOf(name, from).UpdateExpression).not.toMatch(/ADD|[+-]/);
  });
});
