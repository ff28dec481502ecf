import { describe, expect, it } from 'vitest';
import type { RunException, RunStore } from '../../lib/application/ports/index.ts';
import { type Expectation, RUN_STATUSES, type Run, type RunChange } from '../../lib/domain/run.ts';
import { cancel, claim, endBadly, fallDue, recordEvidence, start, succeed } from '../../lib/domain/run-decisions.ts';
import { aGrant, exceptionOf, NOW, RETENTION_MS, runIn, SESSION_REF } from '../support/rows.ts';
import { freshId } from './fresh-id.ts';

export type RunStoreUnderTest = {
  readonly runs: RunStore;
  readonly exception: (id: string) => Promise<unknown>;
};

const END = { now: NOW + 5_000, retentionMs: RETENTION_MS };

/** A row with every field that a run can have. */
const fullRun = (id: string): Run => ({
  ...runIn('cancelled'),
  id,
  attempt: 3,
  tries: 2,
  fence: 1,
  keyed: 'a-key',
  session: { pool: 'default', shard: 3, id: 'session-9' },
  durationMs: 12.5,
  exitCode: -1,
  signal: 'SIGKILL',
  reason: 'worker_lost',
  output: 'ünïcode ✓ \u0000',
  error: 'error',
  log: 'one\ntwo',
  reportStored: true,
  progress: { percent: 33.3, note: 'a third' },
  evidence: { state: 'exited', at: NOW, signal: 'SIGTERM', exitCode: 143 },
  history: [
    { attempt: 1, outcome: 'lost', reason: 'worker_lost', worker: 'w', startedAt: NOW, endedAt: NOW, exitCode: 0 },
    { attempt: 2, outcome: 'undelivered', endedAt: NOW, error: 'e' },
  ],
});

/** The rows of runs: creation, conditional change, fence. */
export const runRowsSuite = (open: () => RunStoreUnderTest): void => {
  const runs = (): RunStore => open().runs;
  const stored = async (run: Run): Promise<Run> => {
    await runs().create(run, 'nonce');
    return run;
  };
  const get = (id: string) => runs().get(id, 'consistent');

  describe('creating a run', () => {
    it.each(RUN_STATUSES)('gives back a %s run as it was created', async (status) => {
      const run = runIn(status, { id: freshId() });
      expect(await runs().create(run, 'nonce')).toEqual({ kind: 'created' });
      expect(await get(run.id)).toEqual(run);
    });

    it('keeps every field', async () => {
      const run = await stored(fullRun(freshId()));
      expect(await get(run.id)).toEqual(run);
    });

    it('keeps every field of a run of a job, alone or in a broadcast', async () => {
      const job = freshId();
      for (const id of [`${job}.${NOW}`, `${job}.${NOW}.0`, `${job}.${NOW}.12`]) {
        const { payload: _none, ...bare } = fullRun(id);
        const run: Run = {
          ...bare,
          ...{ job, spec: 3, trigger: 'backfill', backfill: '77', skip: 'overlap', startBy: NOW + 60_000 },
          needs: { tags: ['gpu'], workers: ['a', 'b'], labels: { zone: 'x' }, category: 'c' },
          routing: { strategy: 'round_robin', turn: 9 },
          broadcast: { index: 12, total: 13 },
          task: { name: 'n', project: 'p', category: 'c', description: '', saveLog: false, isGroup: true },
          ...{ notedOutput: 'by hand', hidden: true },
        };
        await stored(run);
        expect(await get(id)).toEqual(run);
        expect(await runs().getMany([id])).toEqual([run]);
      }
    });

    it('tells a run of a job from a plain one with the same number', async () => {
      const id = freshId();
      const plain = await stored(runIn('ready', { id }));
      expect(await get(`${id}.${NOW}`)).toBeUndefined();
      const ofJob = await stored(runIn('ready', { id: `${id}.${NOW}`, job: id, spec: 1 }));
      expect([await get(id), await get(ofJob.id)]).toEqual([plain, ofJob]);
    });

    it('does not know a run that nobody created', async () => {
      expect(await get(freshId())).toBeUndefined();
      expect(await runs().get(freshId(), 'eventual')).toBeUndefined();
    });

    it('refuses an id that is taken, and shows the row that has it', async () => {
      const run = await stored(runIn('ready', { id: freshId() }));
      const other = runIn('scheduled', { id: run.id, handler: 'other' });
      expect(await runs().create(other, 'another')).toEqual({ kind: 'exists', run });
      expect(await get(run.id)).toEqual(run);
    });

    it('lets exactly one of 20 concurrent creations win, and shows its row to the others', async () => {
      const id = freshId();
      const rivals = Array.from({ length: 20 }, (_, index) => runIn('ready', { id, handler: `rival-${index}` }));
      const created = await Promise.all(rivals.map((run, index) => runs().create(run, `nonce-${index}`)));
      const row = await get(id);
      expect(created.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      expect(created.filter(({ kind }) => kind !== 'created')).toEqual(Array(19).fill({ kind: 'exists', run: row }));
    });
  });

  describe('the void mark of an alarm that gave up (A5)', () => {
    it('stops the creation that armed it, not one that armed another', async () => {
      const run = runIn('ready', { id: freshId() });
      expect(await runs().voidMissing(run.id, 'mine', NOW + 86_400_000)).toBe(true);
      expect(await get(run.id)).toBeUndefined();
      expect(await runs().create(run, 'mine')).toEqual({ kind: 'voided' });
      expect(await get(run.id)).toBeUndefined();
      expect(await runs().create(run, 'another')).toEqual({ kind: 'created' });
      expect(await get(run.id)).toEqual(run);
    });

    it('names every alarm that gave up', async () => {
      const run = runIn('ready', { id: freshId() });
      for (const nonce of ['first', 'second', 'third', 'second']) {
        expect(await runs().voidMissing(run.id, nonce, NOW + 86_400_000)).toBe(true);
      }
      for (const nonce of ['first', 'second', 'third']) {
        expect(await runs().create(run, nonce)).toEqual({ kind: 'voided' });
      }
      expect(await runs().create(run, 'fourth')).toEqual({ kind: 'created' });
    });

    it('is not put on a row that exists', async () => {
      const run = await stored(runIn('running', { id: freshId() }));
      expect(await runs().voidMissing(run.id, 'late', NOW + 86_400_000)).toBe(false);
      expect(await get(run.id)).toEqual(run);
    });

    it('is no run: nothing can be changed, fenced or bumped', async () => {
      const id = freshId();
      await runs().voidMissing(id, 'mine', NOW + 86_400_000);
      expect(await runs().commit(start({ id, attempt: 1, pool: 'default' }, NOW, NOW).change)).toEqual({
        kind: 'lost',
        run: undefined,
      });
      expect(await runs().fence(id, 1)).toBe(false);
      expect(await runs().bump(id, 1, 0, 'nonce')).toBe(false);
    });
  });

  describe('changing a run', () => {
    it('sets and clears what the change says, and gives back the row as it is now', async () => {
      const run = await stored(runIn('running', { id: freshId(), progress: { percent: 20 }, log: 'line', tries: 0 }));
      const failed = { outcome: 'failed', reason: 'handler_failed', exitCode: 2 } as const;
      const { change } = endBadly(run, failed, {}, END, 0.5);
      const committed = await runs().commit(change);
      const { session, worker, seq, dispatchedAt, startedAt, progress, log, ...kept } = run;
      expect(committed).toEqual({ kind: 'won', run: { ...kept, ...change.set } });
      expect(await get(run.id)).toEqual(committed.run);
    });

    it('takes a history away again when it is empty', async () => {
      const run = await stored(fullRun(freshId()));
      const change: RunChange = {
        ...recordEvidence(run, { state: 'abandoned', at: NOW }, {}, NOW).change,
        expect: {},
        set: { history: [], updatedAt: NOW },
      };
      expect((await runs().commit(change)).run?.history).toEqual([]);
      expect((await get(run.id))?.history).toEqual([]);
    });

    it('finds no row: lost, and nothing is written', async () => {
      const id = freshId();
      expect(await runs().commit(start({ id, attempt: 1, pool: 'default' }, NOW, NOW).change)).toEqual({
        kind: 'lost',
        run: undefined,
      });
      expect(await get(id)).toBeUndefined();
    });

    const held: Expectation = {
      ...{ attempt: 3, pool: 'default', g: 2, fence: 4, session: SESSION_REF.id },
      evidencePending: true,
    };
    const row = (id: string): Run => runIn('cancelled', { id, attempt: 3, g: 2, fence: 4, session: SESSION_REF });
    const evidenceIf = (id: string, expectation: Expectation): RunChange => ({
      ...recordEvidence({ id, attempt: 3, pool: 'default' }, { state: 'exited', at: NOW }, {}, NOW).change,
      expect: expectation,
    });

    it.each<[string, Expectation, Partial<Run>]>([
      ['all of them', held, {}],
      ['none of them', {}, {}],
      ['a fence of 0, which no row stores', { fence: 0 }, { fence: 0 }],
    ])('happens when its expectations hold: %s', async (_case, expectation, fields) => {
      const run = await stored({ ...row(freshId()), ...fields });
      const committed = await runs().commit(evidenceIf(run.id, expectation));
      expect(committed).toMatchObject({ kind: 'won', run: { evidence: { state: 'exited' } } });
    });

    it.each<[string, Expectation, Partial<Run>]>([
      ['an older attempt', { ...held, attempt: 2 }, {}],
      ['a newer attempt', { ...held, attempt: 4 }, {}],
      ['another pool (X4)', { ...held, pool: 'other' }, {}],
      ['a pool whose name begins alike', { ...held, pool: 'defaul' }, {}],
      ['another generation', { ...held, g: 1 }, {}],
      ['no fence, where there is one', { ...held, fence: 0 }, {}],
      ['another fence', { ...held, fence: 3 }, {}],
      ['a fence, where there is none', { ...held, fence: 1 }, { fence: 0 }],
      ['another session', { ...held, session: 'session-2' }, {}],
      ['pending evidence, which is in', held, { evidence: { state: 'exited', at: NOW } }],
      ['the status that it starts from', held, { status: 'succeeded' }],
    ])('is refused when it expects %s; the loser sees the row', async (_case, expectation, fields) => {
      const run = await stored({ ...row(freshId()), ...fields });
      expect(await runs().commit(evidenceIf(run.id, expectation))).toEqual({ kind: 'lost', run });
      expect(await get(run.id)).toEqual(run);
    });

    it.each<[string, boolean, Partial<Run>]>([
      ['may begin at any time', true, {}],
      ['has a millisecond left', true, { startBy: NOW + 1 }],
      ['had to begin by now (R8)', false, { startBy: NOW }],
      ['had to begin earlier', false, { startBy: NOW - 60_000 }],
      ['had to begin earlier, and did', true, { startBy: NOW - 60_000, tries: 1 }],
    ])('a claim of a run that %s: won? %s', async (_case, won, fields) => {
      const run = await stored(runIn('ready', { id: freshId(), ...fields }));
      const committed = await runs().commit(claim({ ...run, readyAt: NOW }, aGrant(), NOW).change);
      expect(committed.kind).toBe(won ? 'won' : 'lost');
    });

    it('is refused when it expects a session or evidence of a row that has none', async () => {
      const { session: _none, evidence: _neither, ...bare } = row(freshId());
      await stored(bare);
      expect(await runs().commit(evidenceIf(bare.id, { session: SESSION_REF.id }))).toEqual({
        kind: 'lost',
        run: bare,
      });
      expect(await runs().commit(evidenceIf(bare.id, { evidencePending: true }))).toEqual({ kind: 'lost', run: bare });
    });

    it('with what an attempt wrote is refused where that is not kept, and only there', async () => {
      const form = { name: 't', project: 'p', category: 'c', description: '' };
      const forms: readonly (readonly [Partial<Run>, 'won' | 'lost'])[] = [
        [{}, 'won'],
        [{ unsaved: true }, 'lost'],
        [{ task: { ...form, saveLog: true } }, 'won'],
        [{ task: { ...form, saveLog: false } }, 'lost'],
        [{ unsaved: true, task: { ...form, saveLog: true } }, 'won'],
      ];
      for (const [fields, kind] of forms) {
        const run = await stored(runIn('running', { id: freshId(), ...fields }));
        const { change } = succeed(run, { outcome: 'succeeded' }, { output: 'o' }, END);
        expect((await runs().commit(change)).kind, JSON.stringify(fields)).toBe(kind);
        const { change: bare } = succeed(run, { outcome: 'succeeded' }, {}, END);
        expect((await runs().commit(bare)).kind, JSON.stringify(fields)).toBe(kind === 'won' ? 'lost' : 'won');
      }
    });

    it('wins once when 20 sessions claim the same run at once', async () => {
      const run = await stored(runIn('ready', { id: freshId() }));
      const claims = Array.from({ length: 20 }, (_, index) =>
        claim({ ...run, readyAt: NOW }, aGrant({ session: { ...SESSION_REF, id: `rival-${index}` } }), NOW),
      );
      const committed = await Promise.all(claims.map(({ change }) => runs().commit(change)));
      const after = await get(run.id);
      expect(after).toMatchObject({ status: 'dispatched', attempt: 1 });
      expect(committed.filter(({ kind }) => kind === 'won')).toEqual([{ kind: 'won', run: after }]);
      expect(committed.filter(({ kind }) => kind === 'lost')).toEqual(Array(19).fill({ kind: 'lost', run: after }));
    });

    it('ends a run once when result, loss and cancel race', async () => {
      const run = await stored(runIn('running', { id: freshId(), tries: 2 }));
      const lost = { outcome: 'failed', reason: 'worker_lost' } as const;
      const cancelled = cancel(run, END);
      const changes = [
        succeed(run, { outcome: 'succeeded' }, {}, END).change,
        endBadly(run, lost, {}, END, 0.5, { session: SESSION_REF.id }).change,
        ...(cancelled === 'already_ended' ? [] : [cancelled.change]),
      ];
      const committed = await Promise.all(changes.map((change) => runs().commit(change)));
      const winner = committed.filter(({ kind }) => kind === 'won');
      expect(committed).toHaveLength(3);
      expect(winner).toEqual([{ kind: 'won', run: await get(run.id) }]);
    });
  });

  describe('a note of a person', () => {
    it.each(RUN_STATUSES)('is written on a %s run, and changes nothing else', async (status) => {
      const run = await stored(runIn(status, { id: freshId() }));
      const task = { name: 'n', project: 'p', category: 'c', description: 'd', saveLog: true };
      const noted = { ...run, notedOutput: 'by hand', task, updatedAt: NOW + 7 };
      expect(await runs().note(run.id, { notedOutput: 'by hand', task }, NOW + 7)).toEqual(noted);
      expect(await get(run.id)).toEqual(noted);
      expect(await runs().note(run.id, { hidden: true }, NOW + 8)).toEqual({
        ...noted,
        ...{ hidden: true, updatedAt: NOW + 8 },
      });
    });

    it('does not stand in the way of a change that was prepared before it', async () => {
      const run = await stored(runIn('scheduled', { id: freshId() }));
      await runs().note(run.id, { notedOutput: 'by hand' }, NOW);
      expect(await runs().commit(fallDue(run, 0, NOW).change)).toMatchObject({
        kind: 'won',
        run: { status: 'ready', notedOutput: 'by hand' },
      });
    });

    it('makes no run where there is none, or only a void mark', async () => {
      const [missing, voided] = [freshId(), freshId()];
      await runs().voidMissing(voided, 'nonce', NOW + 86_400_000);
      for (const id of [missing, voided]) {
        expect(await runs().note(id, { notedOutput: 'x' }, NOW)).toBeUndefined();
        expect(await get(id)).toBeUndefined();
      }
    });
  });

  describe('a bad end and its exception', () => {
    const failFor = (run: Run): { change: RunChange; exception: RunException } => ({
      change: endBadly(run, { outcome: 'failed', reason: 'handler_failed' }, {}, END, 0.5).change,
      exception: exceptionOf(run),
    });

    it('are written together', async () => {
      const run = await stored(runIn('running', { id: freshId(), tries: 2 }));
      const { change, exception } = failFor(run);
      const committed = await runs().commit(change, exception);
      expect(committed).toMatchObject({ kind: 'won', run: { status: 'failed', tries: 3 } });
      expect(await get(run.id)).toEqual(committed.run);
      expect(await open().exception(exception.id)).toMatchObject(exception);
    });

    it('are not written at all when the run has moved on', async () => {
      const run = await stored(runIn('running', { id: freshId(), tries: 2 }));
      const { change, exception } = failFor({ ...run, attempt: 9 });
      expect(await runs().commit(change, exception)).toEqual({ kind: 'lost', run });
      expect(await get(run.id)).toEqual(run);
      expect(await open().exception(exception.id)).toBeUndefined();
    });

    it('happen once when five handlers see the same end', async () => {
      const run = await stored(runIn('running', { id: freshId(), tries: 2 }));
      const { change, exception } = failFor(run);
      const committed = await Promise.all(Array.from({ length: 5 }, () => runs().commit(change, exception)));
      expect(committed.filter(({ kind }) => kind === 'won')).toHaveLength(1);
    });
  });

  describe('fence and generation', () => {
    it('a fence stops every change that was prepared before it (A5), and only those', async () => {
      const run = await stored(runIn('scheduled', { id: freshId() }));
      const late = fallDue(run, 0, NOW).change;
      expect(await runs().fence(run.id, run.g)).toBe(true);
      expect(await runs().fence(run.id, run.g)).toBe(true);
      const fenced = await get(run.id);
      expect(fenced).toEqual({ ...run, fence: 2 });
      expect(await runs().commit(late)).toEqual({ kind: 'lost', run: fenced });
      expect(await runs().commit({ ...late, expect: { ...late.expect, fence: 2 } })).toMatchObject({ kind: 'won' });
    });

    it('a row that has moved on is not fenced', async () => {
      const run = await stored(runIn('scheduled', { id: freshId(), g: 5 }));
      expect(await runs().fence(run.id, 4)).toBe(false);
      expect(await runs().fence(freshId(), 1)).toBe(false);
      expect(await get(run.id)).toEqual(run);
    });

    it('a bump makes every alarm of the generation older than the row, once (A6)', async () => {
      const run = await stored(runIn('scheduled', { id: freshId() }));
      const bumps = await Promise.all(
        Array.from({ length: 5 }, (_, n) => runs().bump(run.id, run.g, run.fence, `nonce ${n}`)),
      );
      expect(bumps.filter((won) => won)).toHaveLength(1);
      expect(await get(run.id)).toEqual({ ...run, g: 2, bumped: { g: 2, nonce: `nonce ${bumps.indexOf(true)}` } });
      expect((await runs().commit(fallDue(run, 0, NOW).change)).kind).toBe('lost');
    });

    it('a fenced writer does not bump', async () => {
      const run = await stored(runIn('scheduled', { id: freshId() }));
      await runs().fence(run.id, run.g);
      expect(await runs().bump(run.id, run.g, 0, 'nonce')).toBe(false);
      expect(await runs().bump(run.id, run.g, 1, 'nonce')).toBe(true);
      expect(await runs().bump(freshId(), 1, 0, 'nonce')).toBe(false);
    });
  });
};
