/**
 * Rule W1: DynamoDB applied the write, its answer was lost, and the SDK sends the request again. The repeat fails its own
 * condition; the writer must learn that it won (hole H4), and nothing may have happened twice.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import { createCountStore } from '../../lib/adapters/dynamodb/counts.ts';
import { createRunStore } from '../../lib/adapters/dynamodb/runs.ts';
import { createSessionStore } from '../../lib/adapters/dynamodb/sessions.ts';
import { createIdempotencyStore } from '../../lib/adapters/dynamodb/side-stores.ts';
import type { IdempotencyStore, RunStore, SessionStore } from '../../lib/application/ports/index.ts';
import type { Run } from '../../lib/domain/run.ts';
import { claim } from '../../lib/domain/run-decisions.ts';
import type { Session } from '../../lib/domain/session.ts';
import { freshId } from '../ports/fresh-id.ts';
import { makeTestOp, openTestTable } from '../support/dynamodb-table.ts';
import { keepAnswers, type LostAnswer, loseNextAnswer } from '../support/lost-answer.ts';
import { aGrant, aSession, exceptionOf, NOW, runIn } from '../support/rows.ts';
import { decide } from '../support/transitions.ts';

let table: Table;
let runs: RunStore;
let sessions: SessionStore;
let idempotency: IdempotencyStore;
let lost: LostAnswer;

beforeAll(async () => {
  table = await openTestTable();
  runs = createRunStore(table, makeTestOp);
  sessions = createSessionStore(table, makeTestOp);
  idempotency = createIdempotencyStore(table, makeTestOp);
});
beforeEach(() => {
  keepAnswers(table);
});

const storedRun = async (status: Run['status'], fields: Partial<Run> = {}): Promise<Run> => {
  const run = runIn(status, { id: freshId(), ...fields });
  await runs.create(run, 'nonce');
  return run;
};
const storedSession = async (fields: Partial<Session> = {}): Promise<Session> => {
  const session = aSession({ id: `session-${freshId()}`, ...fields });
  await sessions.create(session, 'nonce');
  return session;
};

describe('a write of a run whose answer was lost', () => {
  it('was a creation: created', async () => {
    const run = runIn('ready', { id: freshId() });
    lost = loseNextAnswer(table);
    expect(await runs.create(run, 'nonce')).toEqual({ kind: 'created' });
    expect(lost.sent()).toBe(2);
  });

  it('was a creation, and the run was claimed since: still created, or its caller would create another', async () => {
    const run = runIn('ready', { id: freshId() });
    lost = loseNextAnswer(table, {
      meanwhile: () => runs.commit(claim({ ...run, readyAt: NOW }, aGrant(), NOW).change),
    });
    expect(await runs.create(run, 'nonce')).toEqual({ kind: 'created' });
  });

  it('was a claim: won, claimed once', async () => {
    const run = await storedRun('ready');
    lost = loseNextAnswer(table);
    const committed = await runs.commit(claim({ ...run, readyAt: NOW }, aGrant(), NOW).change);
    expect(committed).toMatchObject({ kind: 'won', run: { status: 'dispatched', attempt: 1 } });
    expect(await runs.get(run.id, 'consistent')).toEqual(committed.run);
    expect(lost.sent()).toBeGreaterThanOrEqual(2);
  });

  it('was another’s, and ours came too late: lost', async () => {
    const run = await storedRun('ready');
    const [mine, theirs] = ['mine', 'theirs'].map((id) =>
      claim({ ...run, readyAt: NOW }, aGrant({ session: { ...aGrant().session, id } }), NOW),
    );
    if (mine === undefined || theirs === undefined) {
      throw new Error('Two claims were expected');
    }
    await runs.commit(theirs.change);
    lost = loseNextAnswer(table);
    expect(await runs.commit(mine.change)).toMatchObject({ kind: 'lost', run: { session: { id: 'theirs' } } });
  });

  it('was a bad end with its exception: won', async () => {
    const run = await storedRun('running');
    lost = loseNextAnswer(table);
    const committed = await runs.commit(decide('fail', run).change, exceptionOf(run));
    expect(committed).toMatchObject({ kind: 'won', run: { status: 'failed', tries: 3 } });
    expect(lost.sent()).toBe(2);
  });

  it('was a void mark: it stands', async () => {
    const run = runIn('ready', { id: freshId() });
    lost = loseNextAnswer(table);
    expect(await runs.voidMissing(run.id, 'nonce', NOW + 86_400_000)).toBe(true);
    expect(await runs.create(run, 'nonce')).toEqual({ kind: 'voided' });
  });

  it('was a fence: it stands', async () => {
    const run = await storedRun('scheduled');
    lost = loseNextAnswer(table);
    expect(await runs.fence(run.id, run.g)).toBe(true);
    expect((await runs.commit(decide('fall_due', run).change)).kind).toBe('lost');
  });
});

describe('a write of a session whose answer was lost', () => {
  it('was a creation: created', async () => {
    const session = aSession({ id: `session-${freshId()}` });
    lost = loseNextAnswer(table);
    expect(await sessions.create(session, 'nonce')).toEqual({ kind: 'created' });
    expect(lost.sent()).toBe(2);
  });

  it.each([1, 3])('took %i: taken once', async (count) => {
    const session = await storedSession();
    lost = loseNextAnswer(table);
    expect(await sessions.take(session, count, NOW)).toMatchObject({ q: count });
    expect(await sessions.get(session, 'consistent')).toMatchObject({ q: count });
    expect(lost.sent()).toBe(2);
  });

  it('took the last: taken, not refused', async () => {
    const session = await storedSession({ limit: 1 });
    lost = loseNextAnswer(table);
    expect(await sessions.take(session, 1, NOW)).toMatchObject({ q: 1 });
  });

  it('gave back: given back once', async () => {
    const session = await storedSession({ q: 2 });
    const taken = await sessions.take(session, 3, NOW);
    lost = loseNextAnswer(table);
    expect(await sessions.giveBack(taken ?? session, 2)).toBe(true);
    expect(await sessions.get(session, 'consistent')).toMatchObject({ q: 3 });
  });

  it('reported and took: stored and taken once', async () => {
    const session = await storedSession({ q: 5, limit: 5 });
    const report = { rep: 2, seen: 5, limit: 9 };
    lost = loseNextAnswer(table);
    const reported = await sessions.report(session, report, { take: 2, now: NOW + 1 });
    expect(reported).toMatchObject({ kind: 'stored', session: { ...report, q: 7 } });
    expect(await sessions.get(session, 'consistent')).toMatchObject({ ...report, q: 7 });
  });

  it.each<[string, (session: Session) => Promise<unknown>, unknown]>([
    [
      'was a heartbeat: stored',
      (session) =>
        sessions.report(
          session,
          { rep: 2, seen: 0, limit: 9 },
          { heartbeat: { list: ['1:1'], conn: 'conn-new' }, take: 0, now: NOW },
        ),
      expect.objectContaining({ kind: 'stored' }),
    ],
    [
      'was a resume: stored',
      (session) => sessions.resume(session, { conn: 'new', epoch: 2 }, { rep: 2, seen: 0, limit: 9 }, [], NOW),
      expect.objectContaining({ kind: 'stored' }),
    ],
    ['was a detach: detached', (session) => sessions.detach(session, 'conn-1'), true],
    ['was a loss: lost by us', (session) => sessions.lose(session, NOW), expect.objectContaining({ st: 'lost' })],
    ['was a bump: bumped', (session) => sessions.bump(session, 1, 0, 'nonce'), true],
    ['was a fence: fenced', (session) => sessions.fence(session, 1), true],
  ])('%s', async (_case, write, expected) => {
    const session = await storedSession();
    lost = loseNextAnswer(table);
    expect(await write(session)).toEqual(expected);
    expect(lost.sent()).toBe(2);
  });
});

describe('another write whose answer was lost', () => {
  it('reserved a key: reserved', async () => {
    const reservation = { run: '1', fingerprint: 'a' };
    lost = loseNextAnswer(table);
    const reserved = await idempotency.reserve(freshId(), reservation, { now: NOW, expiresAt: NOW + 86_400_000 });
    expect(reserved).toEqual({ kind: 'reserved' });
    expect(lost.sent()).toBe(2);
  });

  it('counted: counted once', async () => {
    const counts = createCountStore(table, makeTestOp);
    const [shard, handler] = [freshId(), freshId()];
    lost = loseNextAnswer(table);
    const added = await counts.add(handler, shard, { first: 3n, last: 5n }, { ready: 1 }, NOW);
    expect(added).toEqual({ kind: 'counted', position: 5n });
    expect(lost.sent()).toBe(2);
    await expect.poll(() => counts.read(handler), { timeout: 10_000 }).toEqual({ ready: 1 });
  });
});
