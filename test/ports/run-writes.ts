/** Every write of a run store, as the clients of a world make it; the model says what comes of it. */
import { expect } from 'vitest';
import type { RunStore } from '../../lib/application/ports/index.ts';
import type { Evidence, Run } from '../../lib/domain/run.ts';
import * as decisions from '../../lib/domain/run-decisions.ts';
import * as verdicts from '../../lib/domain/run-verdicts.ts';
import { NOW, RETENTION_MS } from '../support/rows.ts';
import * as rules from './run-model.ts';
import {
  type At,
  type Command,
  command,
  compareRow,
  deciding,
  falling,
  type Grant,
  idOf,
  isTouched,
  type Model,
  poolOf,
  pushOf,
  remember,
  sessionOf,
  shown,
  there,
  write,
} from './run-world.ts';

const end = ({ now }: Model) => ({ now, retentionMs: RETENTION_MS });

/** Of a row that is there already. Most of those who create one meet none. */
type Late = { readonly late: boolean };
const isTime = (model: Model, what: Late & { readonly run: number }): boolean =>
  model.rows.has(idOf(model, what)) === what.late;

export type Creation = At &
  Late & {
    readonly handler: string;
    readonly priority: number;
    readonly maxTries: number;
    /** From now. */
    readonly executeInMs: number;
    /** From now: it has to begin before. */
    readonly startInMs: number | undefined;
    readonly birth: Grant | { readonly readyShard: number } | 'later';
    readonly nonce: string;
  };

/** The first row, as the code makes it and as the model does. */
const firstRow = (model: Model, creation: Creation): readonly [Run, Run] => {
  const { now, pool } = model;
  const { handler, priority, maxTries, executeInMs, startInMs, birth } = creation;
  const asked = {
    ...{ id: idOf(model, creation), handler, pool, priority, maxTries, executeAt: now + executeInMs },
    ...{ timeoutMs: 60_000, payload: '{}', payloadBytes: 2 },
    ...(startInMs !== undefined && { startBy: now + startInMs }),
  };
  if (birth === 'later') {
    return [decisions.submitLater(asked, now), rules.bornScheduled(asked, now)];
  }
  if ('readyShard' in birth) {
    return [decisions.submitWaiting(asked, birth.readyShard, now), rules.bornReady(asked, birth.readyShard, now)];
  }
  const push = pushOf(model, birth);
  return [decisions.submitDue(asked, push, now), rules.bornDispatched(asked, push, now)];
};

/** A row may come where none is, and no mark that names the nonce of the alarm that was armed for it (A5). */
export const create = (what: Creation): Command =>
  command({
    ...{ name: 'create', what },
    check: (model) => isTime(model, what),
    run: async (model, real) => {
      const id = idOf(model, what);
      const [run, row] = firstRow(model, what);
      const existing = model.rows.get(id);
      const created = await real.runs.create(run, what.nonce);
      if (existing !== undefined) {
        expect(created).toMatchObject({ kind: 'exists' });
        expect(created.kind === 'exists' && shown(created.run)).toEqual(shown(existing));
        await compareRow(model, real, id);
      } else if (model.voided.get(id)?.has(what.nonce)) {
        expect(created).toEqual({ kind: 'voided' });
        await compareRow(model, real, id);
      } else {
        expect(created).toEqual({ kind: 'created' });
        await compareRow(model, real, id, row);
        remember(model, real, what.client, run);
      }
      real.met(`create: ${created.kind}`);
    },
  });

/** The alarm of a row that never came gives up (A5). The mark keeps every nonce (H32). */
export const voidMissing = (what: Late & { readonly run: number; readonly nonce: string }): Command =>
  command({
    ...{ name: 'voidMissing', what },
    check: (model) => isTime(model, what),
    run: async (model, real) => {
      const id = idOf(model, what);
      const isMissing = !model.rows.has(id);
      expect(await real.runs.voidMissing(id, what.nonce, NOW + RETENTION_MS)).toBe(isMissing);
      if (isMissing) {
        model.voided.set(id, (model.voided.get(id) ?? new Set()).add(what.nonce));
      }
      await compareRow(model, real, id);
      real.met(`voidMissing: ${isMissing}`);
    },
  });

/** What an alarm does to a row as a client saw it; one that saw none knows the first generation. */
const marking = (
  { name, what }: { readonly name: string; readonly what: At },
  mark: (runs: RunStore, id: string, seen: rules.Watched) => Promise<boolean>,
  rule: (row: Run | undefined, seen: rules.Watched) => Run | undefined,
): Command =>
  command({
    ...{ name, what },
    check: (model) => isTouched(model, what),
    run: async (model, real) => {
      const id = idOf(model, what);
      const seen = model.clients[what.client]?.rows.get(id) ?? { g: 1, fence: 0 };
      const next = rule(model.rows.get(id), seen);
      expect(await mark(real.runs, id, seen)).toBe(next !== undefined);
      await compareRow(model, real, id, next);
      real.met(`${name}: ${next !== undefined}`);
    },
  });

export const fence = (what: At): Command =>
  marking({ name: 'fence', what }, (runs, id, { g }) => runs.fence(id, g), rules.fence);

export const bump = (what: At & { readonly nonce: string }): Command =>
  marking(
    { name: 'bump', what },
    (runs, id, seen) => runs.bump(id, seen.g, seen.fence, what.nonce),
    (row, seen) => rules.bump(row, seen, what.nonce),
  );

type Turn = { readonly pick: number };

export const fallDue = ({ pick, ...what }: Turn & { readonly readyShard: number }): Command =>
  deciding({
    ...{ name: 'fallDue', what, pick },
    may: ({ status }) => status === 'scheduled',
    rule: (row, seen, { now }) => rules.fallDue(row, seen, what.readyShard, now),
    decide: (seen, { now }) => decisions.fallDue(seen, what.readyShard, now),
  });

export const dispatchDue = ({ pick, ...what }: Turn & Grant): Command =>
  deciding({
    ...{ name: 'dispatchDue', what, pick },
    may: ({ status }) => status === 'scheduled',
    rule: (row, seen, model) => rules.dispatchDue(row, seen, pushOf(model, what), model.now),
    decide: (seen, model) => decisions.dispatchDue(seen, pushOf(model, what), model.now),
  });

/** From the row, or from what the ready index showed of it: whichever the client saw last. It tries once (D4). */
export const claim = ({ pick, ...what }: Turn & Grant): Command =>
  falling({
    ...{ name: 'claim', what, pick },
    to: ({ ready }, id) => ready.has(id),
    does: async ({ model, real }, at) => {
      const id = idOf(model, at);
      const push = pushOf(model, what);
      const [known, knownReal] = [there(model.clients[at.client]), there(real.clients[at.client])];
      const decision = decisions.claim(there(knownReal.ready.get(id)), push, model.now);
      const next = rules.claim(there(model.rows.get(id)), there(known.ready.get(id)), push, model.now);
      known.ready.delete(id);
      knownReal.ready.delete(id);
      await write({ model, real }, { name: 'claim', at, decision, next });
    },
  });

export const undoClaim = ({ pick, ...what }: Turn & { readonly readyShard: number }): Command =>
  deciding({
    ...{ name: 'undoClaim', what, pick },
    may: ({ status }) => status === 'dispatched',
    rule: (row, seen, { now }) => rules.undoClaim(row, seen, what.readyShard, now),
    decide: (seen, { now }) => decisions.undoClaim(seen, what.readyShard, now),
  });

/** A worker's frame is applied without a look at the row; it names an attempt that was given to it, or to one of another pool. */
type Word = Turn & { readonly foreign: boolean };
const isInFlight = ({ status }: Run): boolean => status === 'dispatched' || status === 'running';

export const start = ({ pick, ...what }: Word & { readonly agoMs: number }): Command =>
  deciding({
    ...{ name: 'start', what, pick },
    may: isInFlight,
    rule: (row, { attempt }, model) =>
      rules.heard(row, poolOf(model, what), rules.start(row, attempt, model.now - what.agoMs, model.now)),
    decide: ({ id, attempt }, model) =>
      decisions.start({ id, attempt, pool: poolOf(model, what) }, model.now - what.agoMs, model.now),
  });

export const reportProgress = ({ pick, ...what }: Word & { readonly percent: number }): Command =>
  deciding({
    ...{ name: 'reportProgress', what, pick },
    may: isInFlight,
    rule: (row, { attempt }, model) =>
      rules.heard(row, poolOf(model, what), rules.reportProgress(row, attempt, what.percent, model.now)),
    decide: ({ id, attempt }, model) =>
      decisions.reportProgress({ id, attempt, pool: poolOf(model, what) }, { percent: what.percent }, model.now),
  });

export const adopt = ({ pick, ...what }: Word & { readonly session: number }): Command => {
  const to = (model: Model) => sessionOf(model, what.session, poolOf(model, what));
  return deciding({
    ...{ name: 'adopt', what, pick },
    may: isInFlight,
    rule: (row, { attempt, session }, model) =>
      rules.heard(row, to(model).pool, rules.adopt(row, attempt, there(session).id, to(model), model.now)),
    decide: ({ id, attempt, session }, model) => decisions.adopt(id, attempt, there(session).id, to(model), model.now),
  });
};

/** What lies on the row of the worker's texts, beside the facts. */
const textsOf = ({ output, error, log }: rules.Told): decisions.InlineReport => ({
  ...(output !== undefined && { output }),
  ...(error !== undefined && { error }),
  ...(log !== undefined && { log }),
});

export const succeed = ({ pick, told, ...who }: Word & { readonly told: rules.Told }): Command =>
  deciding({
    ...{ name: 'succeed', what: { ...told, ...who }, pick },
    may: isInFlight,
    rule: (row, { attempt }, model) =>
      rules.heard(row, poolOf(model, who), rules.succeed(row, attempt, told, RETENTION_MS, model.now)),
    decide: ({ id, attempt }, model) =>
      decisions.succeed(
        { id, attempt, pool: poolOf(model, who) },
        { outcome: 'succeeded', ...told },
        textsOf(told),
        end(model),
      ),
  });

/** A final bad end is written with its exception; nothing else is. */
export const endBadly = ({ pick, bad, told, ...who }: Word & { bad: rules.BadEnd; told: rules.Told }): Command =>
  deciding({
    ...{ name: 'endBadly', what: { ...bad, ...told, ...who }, pick },
    may: isInFlight,
    rule: (row, seen, model) =>
      rules.heard(row, poolOf(model, who), rules.endBadly(row, seen, bad, told, RETENTION_MS, model.now)),
    decide: (seen, model) => {
      const { outcome, reason, chance } = bad;
      const by = { ...(bad.ofSession && { session: there(seen.session).id }), pool: poolOf(model, who) };
      return decisions.endBadly(seen, { outcome, reason, ...told }, textsOf(told), end(model), chance, by);
    },
    exception: ({ id, attempt, handler, ...seen }, { now }) =>
      rules.endsForGood(seen, bad)
        ? { kind: 'run_failed', id: `run:${id}`, at: now, run: id, attempt, handler, reason: bad.reason }
        : undefined,
  });

export const cancel = ({ pick }: Turn): Command =>
  deciding({
    ...{ name: 'cancel', what: {}, pick },
    may: () => true,
    rule: (row, seen, { now }) => rules.cancel(row, seen, RETENTION_MS, now),
    decide: (seen, model) => decisions.cancel(seen, end(model)),
  });

const isWaiting = ({ status }: Run): boolean => status === 'scheduled' || status === 'ready';

export const expire = ({ pick }: Turn): Command =>
  deciding({
    ...{ name: 'expire', what: {}, pick },
    may: isWaiting,
    rule: (row, seen, { now }) => rules.expire(row, seen, 'late', RETENTION_MS, now),
    decide: (seen, model) => verdicts.expire(seen, 'late', end(model)),
    exception: ({ id, attempt, handler }, { now }) => ({
      ...{ kind: 'run_failed', id: `run:${id}`, at: now, run: id, attempt, handler, reason: 'not_started' },
    }),
  });

/** Told of a run that is not in flight, it decides nothing. */
export const settle = ({ pick, as }: Turn & { readonly as: keyof typeof rules.SETTLED }): Command => {
  const { status, reason } = rules.SETTLED[as];
  return deciding({
    ...{ name: 'settle', what: { as }, pick },
    may: () => true,
    rule: (row, seen, { now }) => rules.settle(row, seen, as, RETENTION_MS, now),
    decide: (seen, model) => {
      const decision = verdicts.settle(seen, as, end(model));
      expect(decision === 'illegal').toBe(!isInFlight(seen));
      return decision;
    },
    exception: ({ id, attempt, handler }, { now }) =>
      status === 'succeeded'
        ? undefined
        : { kind: 'run_failed', id: `run:${id}`, at: now, run: id, attempt, handler, reason },
  });
};

/** A person's note is written whatever the status is; where there is no run, nothing is. */
export const note = (what: At): Command =>
  command({
    ...{ name: 'note', what },
    check: (model) => isTouched(model, what),
    run: async (model, real) => {
      const id = idOf(model, what);
      const row = model.rows.get(id);
      const notedOutput = `seen at ${model.now}`;
      const next = row && { ...row, notedOutput, updatedAt: model.now };
      expect(shown(await real.runs.note(id, { notedOutput }, model.now))).toEqual(shown(next));
      await compareRow(model, real, id, next);
      real.met(`note: ${next !== undefined}`);
    },
  });

type Proof = { readonly state: 'exited' | 'abandoned'; readonly told: rules.Told };

export const recordEvidence = ({ pick, state, told, ...who }: Word & Proof): Command => {
  const evidence = (now: number): Evidence => ({ state, at: now });
  return deciding({
    ...{ name: 'recordEvidence', what: { state, ...told, ...who }, pick },
    may: (seen) => seen.status === 'cancelled' || isInFlight(seen),
    rule: (row, { attempt }, model) =>
      rules.heard(row, poolOf(model, who), rules.recordEvidence(row, attempt, evidence(model.now), told, model.now)),
    decide: ({ id, attempt }, model) =>
      decisions.recordEvidence({ id, attempt, pool: poolOf(model, who) }, evidence(model.now), told, model.now),
  });
};
