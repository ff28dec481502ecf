import { describe, expect, it } from 'vitest';
import { encodeJob } from '../../lib/adapters/dynamodb/jobs/job-codec.ts';
import { encodeRun } from '../../lib/adapters/dynamodb/run-codec.ts';
import { encodeSession } from '../../lib/adapters/dynamodb/session-params.ts';
import { makeRunId } from '../../lib/domain/ids.ts';
import { newJob } from '../../lib/domain/job/create.ts';
import { decideFire } from '../../lib/domain/job/fire.ts';
import type { Wanted } from '../../lib/domain/job/wanted.ts';
import type { Run, RunChange } from '../../lib/domain/run.ts';
import { endBadly, submitDue, submitWaiting, succeed } from '../../lib/domain/run-decisions.ts';
import { attributeBytes, itemBytes } from '../support/item-size.ts';
import { aGrant, aRequest, aSession } from '../support/rows.ts';

/** What one write unit buys, and one consistent read unit four times. */
const WRITE_UNIT_BYTES = 1_024;
/** 64 bits in base64url, as the composition makes them (rule W1). */
const OP = 'A'.repeat(11);
/** An instant with no round numbers in it: those weigh less. */
const NOW = 1_893_456_123_457;
/** A random UUID, as the worker library names its sessions. */
const SESSION_ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const END = { now: NOW + 1_234, retentionMs: 30 * 86_400_000 };

const request = aRequest({
  id: makeRunId(NOW, 0.123),
  handler: 'h'.repeat(20),
  executeAt: NOW,
  payload: JSON.stringify('p'.repeat(398)),
  payloadBytes: 400,
});
const grant = aGrant({ session: { pool: 'default', shard: 0, id: SESSION_ID }, worker: 'worker-host-01', seq: 12_345 });
const applied = (run: Run, { set, clear }: RunChange): Run => {
  const kept = Object.entries(run).filter(([field]) => !clear.some((cleared) => cleared === field));
  return { ...(Object.fromEntries(kept) as Run), ...set };
};

const outcome = { startedAt: NOW + 17, durationMs: 1_217.5, exitCode: 0 };
const LOG = { log: 'l'.repeat(80) };
const dispatched = submitDue(request, grant, NOW);
const rows: Record<string, Run> = {
  dispatched,
  ready: submitWaiting(request, 3, NOW),
  succeeded: applied(dispatched, succeed(dispatched, { outcome: 'succeeded', ...outcome }, LOG, END).change),
  failed: applied(
    { ...dispatched, maxTries: 1 },
    endBadly(
      { ...dispatched, maxTries: 1 },
      { outcome: 'failed', reason: 'handler_failed', ...outcome, exitCode: 1 },
      { ...LOG, error: 'e'.repeat(60) },
      END,
      0,
    ).change,
  ),
};

/** A fire of a job: what it executes is with the job, however long that is. */
const { payload: _withTheJob, ...bare } = request;
const fired = submitDue(
  {
    ...bare,
    ...{ id: `${makeRunId(NOW, 0.123)}.${NOW}`, job: makeRunId(NOW, 0.123), spec: 12, trigger: 'schedule' },
    ...{ payloadBytes: 200_000, startBy: NOW + 60_000, routing: { strategy: 'round_robin', turn: 12_345 } },
    unsaved: true,
    needs: { tags: ['linux', 'gpu'], labels: { zone: 'eu-west-1a' }, category: 'etl' },
  },
  grant,
  NOW,
);
const firedRows: Record<string, Run> = {
  dispatched: fired,
  succeeded: applied(fired, succeed(fired, { outcome: 'succeeded', ...outcome }, LOG, END).change),
};

const expectOneUnit = (run: Run): void => {
  const item = { ...encodeRun(run), op: OP, born: OP };
  const heaviest = attributeBytes(item).toSorted(([, a], [, b]) => b - a);
  expect(itemBytes(item), JSON.stringify(heaviest)).toBeLessThan(WRITE_UNIT_BYTES);
};

describe('the row of a plain run', () => {
  it.each(Object.entries(rows))(
    'with 400 bytes of payload and one line of log costs one write unit: %s',
    (_name, run) => expectOneUnit(run),
  );
});

describe('the row of a run of a job', () => {
  it.each(Object.entries(firedRows))('with needs and one line of log costs one write unit: %s', (_name, run) =>
    expectOneUnit(run),
  );
});

describe('the row of a job', () => {
  /** As API A makes one of an ordinary command: names of a dozen characters, everything that a person fills in. */
  const command = `${'c'.repeat(80)} --all --verbose 2>&1`.slice(0, 100);
  const wanted: Wanted = {
    details: {
      ...{ project: 'accounting', name: 'nightly-database-dump', category: 'database', description: 'd'.repeat(50) },
      saveLog: false,
    },
    spec: {
      ...{ handler: 'shell', payload: JSON.stringify({ command }), pool: 'default', priority: 3, maxTries: 3 },
      ...{ timeoutMs: 3_600_000, strategy: 'least_loaded' },
      metadata: JSON.stringify({ extensions: { owner: 'x'.repeat(20_000) } }),
      needs: { workers: ['worker-host-01'], category: 'database' },
    },
    payloadBytes: JSON.stringify({ command }).length,
    policy: { concurrency: 'allow', misfire: 'fire_once', misfireCap: 100 },
    schedule: {
      ...{ expression: '0 30 2 * * * *', timeZone: 'Asia/Shanghai', days: 'and', gap: 'shift', overlap: 'once' },
      ...{ startAt: NOW - 567, jitterMs: 0 },
    },
    state: 'active',
  };

  it('of an ordinary command costs one write unit at each fire, however long its metadata', () => {
    const id = makeRunId(NOW, 0.123);
    const made = newJob(wanted, { id, by: 'user:4611686018427904', now: NOW, keyed: 'k'.repeat(43) });
    expect(made).toMatchObject({ payload: wanted.spec.payload, hasMetadata: true });
    const fire = decideFire({ ...made, fired: 123_456 }, (made.next ?? 0) - 1_234, { lastEnded: true, workers: [] });
    const fired = fire.do === 'advance' ? fire.after : made;
    expect(fired).toMatchObject({ pend: { n: made.next }, last: `${id}.${made.next}` });
    const item = { ...encodeJob(fired), op: OP };
    expect(itemBytes(item), JSON.stringify(attributeBytes(item))).toBeLessThan(WRITE_UNIT_BYTES);
  });
});

describe('the row of a session', () => {
  it('with ten slots in use costs one write unit', () => {
    const list = Array.from({ length: 10 }, (_, index) => `${makeRunId(NOW + index, 0.5)}:1`);
    const session = aSession({
      id: SESSION_ID,
      // As API Gateway names its connections.
      conn: 'L0SM9cOFvHcCIhw=',
      handlers: ['shell', 'http', 'http_callback', 'python', 'send_email'],
      ...{ list, q: 12_345, limit: 12_355, seen: 12_345, rep: 23_456, hbAt: NOW, takeAt: NOW, createdAt: NOW },
    });
    expect(itemBytes({ ...encodeSession(session), op: OP })).toBeLessThan(WRITE_UNIT_BYTES);
  });
});
