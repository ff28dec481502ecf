import { describe, expect, it } from 'vitest';
import { ATTEMPT_FIELDS, type AttemptRecord, isTerminal, RUN_STATUSES, TRANSITIONS } from '../../lib/domain/run.ts';
import { cancel, endBadly, recordEvidence, succeed } from '../../lib/domain/run-decisions.ts';
import { DISPATCH_LEAD_MS } from '../../lib/domain/timing.ts';
import { CHANGES, NOW, RETENTION_MS, runIn } from '../support/rows.ts';
import { decide, END, FAILED, LATER } from '../support/transitions.ts';

describe('the end of a run', () => {
  const endings = CHANGES.filter((name) => isTerminal(TRANSITIONS[name].to) && name !== 'record_evidence').flatMap(
    (name) => TRANSITIONS[name].from.map((from) => [name, from] as const),
  );

  it.each(endings)('by %s from %s is dated, and kept for as long as finished runs are', (name, from) => {
    expect(decide(name, runIn(from)).change.set).toMatchObject({ endedAt: LATER, expiresAt: LATER + RETENTION_MS });
  });

  it('comes once', () => {
    expect(endings.filter(([, from]) => isTerminal(from))).toEqual([]);
    for (const status of RUN_STATUSES.filter(isTerminal)) {
      expect(cancel(runIn(status), END)).toBe('already_ended');
    }
  });
});

const NAMED = { id: '7', attempt: 3, pool: 'mail' };

describe('a success', () => {
  const bare = { status: 'succeeded', endedAt: LATER, updatedAt: LATER, expiresAt: LATER + RETENTION_MS };

  it('keeps what the worker reported of it', () => {
    const facts = { startedAt: NOW + 100, durationMs: 4_900, exitCode: 0 };
    const report = { output: '"done"', log: 'a line', reportStored: true };
    const { change, arm } = succeed(NAMED, { outcome: 'succeeded', ...facts }, report, END);
    expect(change.set).toStrictEqual({ ...bare, ...facts, ...report });
    expect(change.expect).toEqual({ attempt: 3, pool: 'mail', keepsOutput: true });
    expect(arm).toBeUndefined();
  });

  it.each([
    [{}, undefined],
    [{ error: 'a warning' }, undefined],
    [{ output: '' }, true],
    [{ log: 'a line' }, true],
    [{ reportStored: true }, true],
  ])('asks whether its output is kept where it has one: %j', (report, keepsOutput) => {
    expect(succeed(NAMED, { outcome: 'succeeded' }, report, END).change.expect.keepsOutput).toBe(keepsOutput);
  });

  it('of which nothing was reported says nothing more', () => {
    expect(succeed(NAMED, { outcome: 'succeeded' }, {}, END).change.set).toStrictEqual(bare);
  });
});

describe('an attempt that ended badly', () => {
  const running = runIn('running', { worker: 'worker-1', log: 'a line', progress: { percent: 10 }, tries: 0 });

  it('is tried again after a backoff, its fields cleared and its record kept', () => {
    const { change, arm } = endBadly(
      running,
      { ...FAILED, exitCode: 3, error: 'x'.repeat(500) },
      { error: 'x'.repeat(500), output: 'half' },
      END,
      0.999,
    );
    expect(change).toMatchObject({
      transition: 'retry',
      set: { status: 'scheduled', tries: 1, dueAt: LATER + 999, wakeAt: LATER + 1_000 },
    });
    expect(change.clear).toEqual(ATTEMPT_FIELDS);
    expect(change.set.history).toEqual<AttemptRecord[]>([
      {
        attempt: 1,
        outcome: 'failed',
        reason: 'handler_failed',
        worker: 'worker-1',
        startedAt: NOW + 100,
        endedAt: LATER,
        exitCode: 3,
        error: 'x'.repeat(200),
      },
    ]);
    // Armed for this very moment, the alarm would overtake the commit and wait 5 s for it.
    expect(arm).toEqual({ g: 2, dueAt: LATER + 1_000 });
  });

  it('waits for a long backoff until shortly before its instant', () => {
    const { change } = endBadly({ ...running, tries: 10, maxTries: 100 }, FAILED, {}, END, 0.5);
    expect(change.set).toMatchObject({ dueAt: LATER + 512_000, wakeAt: LATER + 512_000 - DISPATCH_LEAD_MS });
  });

  it('ends the run with its last try, and keeps what is known of it', () => {
    const facts = { exitCode: 137, signal: 'SIGKILL', durationMs: 4_900 };
    const { change, arm } = endBadly({ ...running, tries: 2 }, { ...FAILED, ...facts }, { error: 'no' }, END, 0.5);
    expect(change.transition).toBe('fail');
    expect(change.set).toStrictEqual({
      status: 'failed',
      tries: 3,
      reason: 'handler_failed',
      startedAt: NOW + 100,
      ...facts,
      error: 'no',
      endedAt: LATER,
      updatedAt: LATER,
      expiresAt: LATER + RETENTION_MS,
    });
    expect(arm).toBeUndefined();
  });

  it('ends the run at once when the payload can never do (bad_payload)', () => {
    const { change } = endBadly(running, { outcome: 'failed', reason: 'bad_payload' }, {}, END, 0.5);
    expect(change).toMatchObject({ transition: 'fail', set: { tries: 1, reason: 'bad_payload' } });
  });

  it.each(['no_handler', 'refused', 'payload_unavailable', 'worker_lost'] as const)('%s is tried again', (reason) => {
    expect(endBadly(running, { outcome: 'failed', reason }, {}, END, 0.5).change.transition).toBe('retry');
  });

  it('is remembered as lost when its worker was, and the loss names the session (R6)', () => {
    const lost = { outcome: 'failed', reason: 'worker_lost' } as const;
    const { change } = endBadly(running, lost, {}, END, 0.5, { session: 'session-1' });
    expect(change.expect).toEqual({ attempt: 1, g: 1, fence: 0, session: 'session-1' });
    expect(change.set.history).toMatchObject([{ outcome: 'lost', reason: 'worker_lost' }]);
  });

  it('pushes the oldest records out of a long history', () => {
    const history = Array.from({ length: 20 }, (_, index): AttemptRecord => {
      return { attempt: index + 1, outcome: 'failed', endedAt: NOW };
    });
    const long = { ...running, attempt: 21, tries: 20, maxTries: 100, history };
    const kept = endBadly(long, FAILED, {}, END, 0.5).change.set.history ?? [];
    expect(kept.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
  });
});

describe('a cancel', () => {
  it.each(['dispatched', 'running'] as const)('of a %s run asks for evidence within 20 s (R7)', (status) => {
    const decision = cancel(runIn(status), END);
    expect(decision).toMatchObject({
      change: { set: { status: 'cancelled', evidence: { state: 'pending' }, wakeAt: LATER + 20_000 } },
      arm: { g: 2, dueAt: LATER + 20_000 },
    });
  });

  it.each(['scheduled', 'ready'] as const)('of a %s run has nobody to ask', (status) => {
    const decision = cancel(runIn(status), END);
    expect(decision).not.toHaveProperty('arm');
    expect(decision).not.toHaveProperty('change.set.evidence');
  });

  it('is proven once, with what the worker reported of the end', () => {
    const evidence = { state: 'exited', at: LATER, signal: 'SIGTERM' } as const;
    const facts = { startedAt: NOW + 100, durationMs: 4_900, signal: 'SIGTERM', log: 'a line' };
    const { change } = recordEvidence(NAMED, evidence, facts, LATER);
    expect(change.set).toStrictEqual({ evidence, updatedAt: LATER, ...facts });
    expect(change.expect).toEqual({ attempt: 3, pool: 'mail', evidencePending: true });
  });
});
