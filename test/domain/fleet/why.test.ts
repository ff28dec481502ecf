import { describe, expect, it } from 'vitest';
import { type RunState, WHY_RUN, whyRun } from '../../../lib/domain/fleet/why.ts';
import type { Run } from '../../../lib/domain/run.ts';
import type { Session } from '../../../lib/domain/session.ts';
import { aSession, NOW, runIn } from '../../support/rows.ts';

const QUEUED = { before: 0, more: false };
const ask = (run: Run, sessions: readonly Session[] = [], over: Partial<RunState> = {}) =>
  whyRun({ run, sessions, partial: false, queued: QUEUED, now: NOW, ...over });

const able = (fields: Partial<Session> = {}): Session =>
  aSession({ name: 'able', handlers: ['send_email'], limit: 10, q: 0, ...fields });
const full = (fields: Partial<Session> = {}): Session => able({ limit: 10, q: 10, ...fields });
const ready = (fields: Partial<Run> = {}): Run => runIn('ready', fields);

type Case = readonly [name: string, run: Run, sessions: readonly Session[], reason: string, message: string];

const CASES: readonly Case[] = [
  ['succeeded', runIn('succeeded'), [], 'ended', 'It has ended: it succeeded at 2030-01-01T00:00:01Z.'],
  ['failed', runIn('failed'), [], 'ended', 'It has ended: it failed at 2030-01-01T00:00:01Z.'],
  ['out of time', runIn('timed_out'), [], 'ended', 'It has ended: it timed out at 2030-01-01T00:00:01Z.'],
  [
    'not begun in time',
    runIn('timed_out', { reason: 'not_started' }),
    [],
    'ended',
    'It has ended: it timed out at 2030-01-01T00:00:01Z: it had not begun in time.',
  ],
  ['cancelled', runIn('cancelled'), [], 'ended', 'It has ended: it was cancelled at 2030-01-01T00:00:01Z.'],
  [
    'skipped',
    runIn('skipped'),
    [],
    'skipped',
    'It was not executed: the run before it had not ended, and the policy of its job forbids two at a time.',
  ],
  ['running', runIn('running'), [], 'running', 'It is running on worker-1 since 2030-01-01T00:00:00.100Z.'],
  [
    'dispatched',
    runIn('dispatched'),
    [],
    'dispatched',
    'It was given to worker-1 at 2030-01-01T00:00:00Z, which tells that it runs once it has done so for 2 s.',
  ],
  [
    'dispatched ahead',
    runIn('dispatched', { dueAt: NOW + 3_000 }),
    [],
    'dispatched',
    'It was given to worker-1 at 2030-01-01T00:00:00Z, which holds it until 2030-01-01T00:00:03Z.',
  ],
  [
    'scheduled',
    runIn('scheduled'),
    [],
    'scheduled',
    'It waits until 2030-01-01T00:01:00Z, the instant that it was scheduled for.',
  ],
  [
    'scheduled for now',
    runIn('scheduled', { dueAt: NOW }),
    [],
    'due',
    'It fell due at 2030-01-01T00:00:00Z and is about to be given to a worker.',
  ],
  [
    'between two tries',
    runIn('scheduled', {
      tries: 1,
      history: [
        { attempt: 1, outcome: 'failed', reason: 'handler_failed', endedAt: NOW },
        { attempt: 2, outcome: 'undelivered', endedAt: NOW },
      ],
    }),
    [],
    'retry',
    'It waits until 2030-01-01T00:01:00Z for its next try: attempt 1 ended badly (handler_failed).',
  ],
  ['nobody there', ready(), [], 'no_worker', 'No worker of the pool default is connected.'],
  [
    'only lost sessions',
    ready(),
    [able({ st: 'lost' }), able({ st: 'closed' })],
    'no_worker',
    'No worker of the pool default is connected.',
  ],
  [
    'an unknown handler',
    ready(),
    [able({ handlers: ['other'] })],
    'no_handler',
    'No connected worker of the pool default has the handler send_email.',
  ],
  [
    'a worker by name',
    ready({ needs: { workers: ['w1', 'w2'] } }),
    [able()],
    'not_selected',
    'Of the workers that could otherwise take it (able), none is one of the workers that it is for (w1, w2).',
  ],
  [
    'a tag',
    ready({ needs: { tags: ['linux', 'gpu'] } }),
    [able({ tags: ['linux'] }), able({ name: 'tagged', tags: ['gpu'] })],
    'no_tag',
    'Of the workers that could otherwise take it (able), none has the tag gpu.',
  ],
  [
    'a label',
    ready({ needs: { labels: { zone: 'b' } } }),
    [able({ labels: { zone: 'a' } })],
    'no_label',
    'Of the workers that could otherwise take it (able), none has the label zone=b.',
  ],
  [
    'a category',
    ready({ needs: { category: 'etl' } }),
    [able({ categories: ['web'] })],
    'no_category',
    'Of the workers that could otherwise take it (able), none serves the category etl.',
  ],
  [
    'switched off',
    ready(),
    [able({ disabled: true }), able({ name: 'other', disabled: true })],
    'disabled',
    'All workers that could take it were switched off by a person: able, other.',
  ],
  [
    'no socket',
    ready(),
    [withoutSocket(able())],
    'disconnected',
    'Those that could take it have lost their connection: able.',
  ],
  [
    'workers that fetch',
    ready(),
    [full(), { ...withoutSocket(able({ name: 'poller' })), polls: true }],
    'not_fetched',
    'It waits for poller to fetch it; none of its kind waits before it.',
  ],
  [
    'all full',
    ready(),
    [full(), full({ name: 'too', limit: 3, q: 5 })],
    'all_full',
    'All workers that could take it are full (able, too); none of its kind waits before it.',
  ],
  [
    'room',
    ready(),
    [full(), able({ name: 'free' })],
    'handing_over',
    'A worker has room for it, and gets it within 15 s; none of its kind waits before it.',
  ],
];

function withoutSocket({ conn: _, ...session }: Session): Session {
  return session;
}

describe('why a run is not running', () => {
  it.each(CASES)('%s', (_name, run, sessions, reason, message) => {
    const why = ask(run, sessions);
    expect([why.reason, why.message]).toEqual([reason, message]);
  });

  it('has a case for each reason', () => {
    expect(new Set(CASES.map(([, , , reason]) => reason))).toEqual(new Set(WHY_RUN));
  });

  it('counts a category that a worker names none of as served', () => {
    expect(ask(ready({ needs: { category: 'etl' } }), [able()]).reason).toBe('handing_over');
  });

  it('takes the first reason that is true of all, in the order of pool, handler, needs, switch, socket, credit', () => {
    const needs = { needs: { tags: ['gpu'] } };
    const off = { disabled: true } as const;
    expect(ask(ready(needs), [able({ handlers: [], tags: ['gpu'] })]).reason).toBe('no_handler');
    expect(ask(ready(needs), [able(off)]).reason).toBe('no_tag');
    expect(ask(ready(needs), [full({ ...off, tags: ['gpu'] })]).reason).toBe('disabled');
    expect(ask(ready(needs), [full({ tags: ['gpu'] }), able()]).reason).toBe('all_full');
  });

  it('tells how many wait before it, twenty at most', () => {
    const three = ask(ready(), [full()], { queued: { before: 3, more: false } });
    expect(three.message).toContain('3 of its kind wait before it');
    expect(three.details).toMatchObject({ before: 3, more_before: false, workers: ['able'] });
    const many = ask(ready(), [full()], { queued: { before: 20, more: true } });
    expect(many.message).toContain('more than 20 of its kind wait before it');
  });

  it('says what it was concluded from where it did not see all workers', () => {
    const why = ask(ready(), [able({ handlers: [] })], { partial: true });
    expect(why.message).toMatch(/\(Of the first 1 workers that were looked at\.\)$/);
    expect(why.details).toMatchObject({ workers_looked_at: 1 });
  });

  it('says by when it has to begin', () => {
    expect(ask(ready({ startBy: NOW + 5_000 })).details).toMatchObject({
      pool: 'default',
      ready_since: '2030-01-01T00:00:00Z',
      start_by: '2030-01-01T00:00:05Z',
    });
  });
});
