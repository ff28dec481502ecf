/**
 * A few runs of one pool, in a store and in the model of it, and clients that work on them from the rows as they
 * remember them: so races are lost all the time. Whatever is written is written in both, and compared.
 */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { RunException, RunStore } from '../../lib/application/ports/index.ts';
import type { Run } from '../../lib/domain/run.ts';
import type { Claimable, Decision } from '../../lib/domain/run-decisions.ts';
import { NOW } from '../support/rows.ts';
import { breaches, isFinal, type Push } from './run-model.ts';

/** What a client remembers, by run: rows, and runs as the ready index showed them. */
type Memory<Entry> = { readonly rows: Map<string, Run>; readonly ready: Map<string, Entry> };

export type Model = {
  now: number;
  readonly ids: readonly string[];
  readonly pool: string;
  readonly rows: Map<string, Run>;
  /** The nonces in the void mark of a run that is not there. */
  readonly voided: Map<string, Set<string>>;
  readonly exceptions: Map<string, RunException>;
  readonly clients: readonly Memory<Run>[];
};

export type Real = {
  readonly runs: RunStore;
  readonly exception: (id: string) => Promise<unknown>;
  /** Is told what each command came to. */
  readonly met: (outcome: string) => unknown;
  readonly clients: readonly Memory<Claimable>[];
};

export type World = { readonly model: Model; readonly real: Real };
export type Command = fc.AsyncCommand<Model, Real>;
/** One of the runs, and who works on it. */
export type At = { readonly client: number; readonly run: number };
/** A push of one of the sessions. */
export type Grant = { readonly session: number; readonly seq: number };

export const CLIENTS = 3;
const memories = <Entry>(): readonly Memory<Entry>[] =>
  Array.from({ length: CLIENTS }, () => ({ rows: new Map<string, Run>(), ready: new Map<string, Entry>() }));

export const setUp = (ids: readonly string[], pool: string, system: Omit<Real, 'clients'>): World => ({
  model: { now: NOW, ids, pool, rows: new Map(), voided: new Map(), exceptions: new Map(), clients: memories() },
  real: { ...system, clients: memories() },
});

export const there = <T>(found: T | undefined): T => {
  if (found === undefined) {
    throw new Error('The world lacks what the command was checked for');
  }
  return found;
};
export const idOf = (model: Model, { run }: { readonly run: number }): string => there(model.ids[run]);
/** A row or a void mark is there. */
export const isTouched = (model: Model, at: { readonly run: number }): boolean =>
  model.rows.has(idOf(model, at)) || model.voided.has(idOf(model, at));
/** The pool that a worker speaks for: that of the runs, or another. */
export const poolOf = (model: Model, { foreign }: { readonly foreign: boolean }): string =>
  foreign ? `${model.pool}-other` : model.pool;
export const sessionOf = (model: Model, session: number, pool = model.pool): Push['session'] => ({
  ...{ pool, shard: session, id: `session-${session}` },
});
export const pushOf = (model: Model, { session, seq }: Grant): Push => ({
  ...{ session: sessionOf(model, session), worker: `worker-${session}`, seq },
});

/** The client knows the row as it is now, from an answer of the store. */
export const remember = (model: Model, real: Real, client: number, run: Run): void => {
  const [known, knownReal] = [there(model.clients[client]), there(real.clients[client])];
  const row = there(model.rows.get(run.id));
  known.rows.set(run.id, row);
  knownReal.rows.set(run.id, run);
  if (run.readyAt !== undefined) {
    known.ready.set(run.id, row);
    knownReal.ready.set(run.id, { ...run, readyAt: run.readyAt });
  }
};

/** A store may keep the end of a row's life in whole seconds, as DynamoDB's TTL is, but must not shorten it. */
const ROUNDED_MS = 1_000;
export const shown = <T extends Run | undefined>(run: T): T =>
  run?.expiresAt === undefined ? run : { ...run, expiresAt: Math.ceil(run.expiresAt / ROUNDED_MS) * ROUNDED_MS };

/** The store shows the row that the model has, `next` where one was written, and no law was broken on the way there. */
const compare = (model: Model, id: string, after: Run | undefined, next: Run | undefined): void => {
  const before = model.rows.get(id);
  expect(shown(after)).toEqual(shown(next ?? before));
  if (before !== undefined && after !== undefined) {
    expect(breaches(before, after)).toEqual([]);
  }
  if (next !== undefined) {
    model.rows.set(id, next);
  }
};

/** After a write whose answer does not show the row. */
export const compareRow = async (model: Model, real: Real, id: string, next?: Run): Promise<void> =>
  compare(model, id, await real.runs.get(id, 'consistent'), next);

export const compareException = async (model: Model, real: Real, id: string): Promise<void> => {
  const [found, expected] = [await real.exception(id), model.exceptions.get(id)];
  // A store may keep keys of its own beside it.
  expect(found).toEqual(expected && expect.objectContaining(expected));
};

type Writing = {
  readonly name: string;
  readonly at: At;
  readonly decision: Decision;
  /** The row after it, as the model has it; undefined: it loses. */
  readonly next: Run | undefined;
  readonly exception?: RunException | undefined;
};

/** Store and model must agree on who wins, on the row, on the alarm that is armed before (A1), and on the exception. */
export const write = async ({ model, real }: World, writing: Writing): Promise<void> => {
  const { name, at, decision, next, exception } = writing;
  const id = idOf(model, at);
  const row = there(model.rows.get(id));
  const committed = await real.runs.commit(decision.change, exception);
  expect(committed.kind).toBe(next === undefined ? 'lost' : 'won');
  compare(model, id, committed.run, next);
  if (next !== undefined) {
    expect(decision.arm).toEqual(next.g > row.g ? { g: next.g, dueAt: next.wakeAt } : undefined);
  }
  if (exception !== undefined) {
    if (next !== undefined) {
      model.exceptions.set(exception.id, exception);
    }
    await compareException(model, real, exception.id);
  }
  if (committed.kind === 'won') {
    remember(model, real, at.client, committed.run);
  }
  real.met(`${name}: ${committed.kind}`);
  real.met(`${name}: ${next?.status}`);
};

type Named = {
  readonly name: string;
  /** What it is about, for the counterexample. */
  readonly what: object;
};

const label = (name: string, what: object): string =>
  `${name}(${JSON.stringify(what).replaceAll('"', '').slice(1, -1)})`;

export const command = ({ name, what, ...does }: Named & Pick<Command, 'run'> & Partial<Command>): Command => ({
  check: () => true,
  toString: () => label(name, what),
  ...does,
});

type Falling = Named & {
  readonly pick: number;
  /** Whether a client that remembers this would do it to the run. */
  readonly to: (memory: Memory<Run>, id: string) => boolean;
  readonly does: (world: World, at: At) => Promise<void>;
};

/**
 * A command that falls to one of those who would give it, whoever that is when its turn comes: if each named its client
 * beforehand, few would find it prepared. For the counterexample it remembers whom; hence each telling has a clone.
 */
export const falling = (kind: Falling): Command & fc.WithCloneMethod<Command> => {
  const { name, what, pick, to, does } = kind;
  const places = ({ clients, ids }: Readonly<Model>): readonly At[] =>
    clients.flatMap((memory, client) => ids.flatMap((id, run) => (to(memory, id) ? [{ client, run }] : [])));
  let fellTo: At | undefined;
  return {
    check: (model) => places(model).length > 0,
    run: (model, real) => {
      const all = places(model);
      fellTo = there(all[pick % all.length]);
      return does({ model, real }, fellTo);
    },
    toString: () => label(name, { ...fellTo, ...what }),
    [fc.cloneMethod]: () => falling(kind),
  };
};

type Deciding = Named & {
  readonly pick: number;
  /** Whether the client, seeing this row, would do it. */
  readonly may: (seen: Run) => boolean;
  readonly rule: (row: Run, seen: Run, model: Model) => Run | undefined;
  /** A word instead of a decision: the row as seen does not allow it. */
  readonly decide: (seen: Run, model: Model) => Decision | 'already_ended' | 'illegal';
  readonly exception?: (seen: Run, model: Model) => RunException | undefined;
};

/** A write that a client decides from the row as it remembers it. */
export const deciding = ({ name, what, pick, may, rule, decide, exception }: Deciding): Command =>
  falling({
    ...{ name, what, pick },
    to: ({ rows }, id) => {
      const seen = rows.get(id);
      return seen !== undefined && may(seen);
    },
    does: async ({ model, real }, at) => {
      const id = idOf(model, at);
      const seen = there(model.clients[at.client]?.rows.get(id));
      const decision = decide(there(real.clients[at.client]?.rows.get(id)), model);
      if (typeof decision === 'string') {
        expect(isFinal(seen) || decision === 'illegal').toBe(true);
        real.met(`${name}: ${decision}`);
        return;
      }
      const next = rule(there(model.rows.get(id)), seen, model);
      await write({ model, real }, { name, at, decision, next, exception: exception?.(seen, model) });
    },
  });
