/**
 * A saga with its runs, crashes, people and late helpers, decided on by the machine alone. What its runs do is kept apart, as
 * they do it: the history is judged by that, not by what the row says.
 */
import type { Flow, FlowStep, Json, JsonObject } from '../../../lib/domain/flow/flow.ts';
import { makeRunId, parseStepRunId } from '../../../lib/domain/ids.ts';
import { isRunOpen, isTerminal } from '../../../lib/domain/run.ts';
import { advance } from '../../../lib/domain/saga/advance.ts';
import { command } from '../../../lib/domain/saga/command.ts';
import type { SagaCommand, SagaDecision, SagaView, StepRun, StepStart } from '../../../lib/domain/saga/decision.ts';
import { outputsNeeded, unsettled } from '../../../lib/domain/saga/needs.ts';
import { newSaga } from '../../../lib/domain/saga/new-saga.ts';
import { isSagaEnded, type Saga, type SagaException } from '../../../lib/domain/saga/saga.ts';

export type WorldRun = StepRun & { readonly step: string; readonly undo: boolean; readonly isExecuting: boolean };

/** What really happened, in order. */
export type Event =
  | { readonly kind: 'begin'; readonly step: string; readonly undo: boolean; readonly run: string }
  | {
      readonly kind: 'end';
      readonly step: string;
      readonly undo: boolean;
      readonly run: string;
      readonly as: 'done' | 'nothing' | 'unknown';
    }
  /** A person says so. */
  | { readonly kind: 'said'; readonly step: string; readonly undo: boolean; readonly as: 'skip' | 'done' }
  | { readonly kind: 'over'; readonly saga: Saga };

/** Called with every decision, before it is written. */
export type Watch = (view: SagaView, decision: SagaDecision, word?: SagaCommand) => unknown;

export type World = {
  readonly flow: Flow;
  saga: Saga;
  readonly runs: Map<string, WorldRun>;
  readonly exceptions: Map<string, SagaException>;
  readonly events: Event[];
  /** Decisions that are written, but not carried out yet: their helper sleeps, or has crashed. */
  readonly late: SagaDecision[];
  readonly watch: Watch;
  now: number;
  drawn: number;
};

export const PARAMS: JsonObject = { settings: { on: true } };
const START = Date.UTC(2026, 0, 1);

/** The conditions of some steps hold on it, those of others do not. */
const outputOf = (step: string): Json => ({ n: step.charCodeAt(step.length - 1) % 2, of: step });

export const createWorld = (flow: Flow, watch: Watch = () => undefined): World => ({
  flow,
  saga: newSaga({ no: '4503599627370496', instance: 'order_1', flow, fingerprint: 'f', depth: 0, now: START }),
  runs: new Map(),
  exceptions: new Map(),
  events: [],
  late: [],
  watch,
  now: START,
  drawn: 0,
});

/** Outputs of every step that has succeeded: more than a decision needs. */
export const allOutputs = (flow: Flow): Readonly<Record<string, Json>> =>
  Object.fromEntries(flow.steps.map(({ id }) => [id, outputOf(id)]));

const viewOf = (world: World, runs: readonly StepRun[], complete: boolean): SagaView => {
  const { flow, saga, now } = world;
  const byId = new Map(runs.map((run) => [run.id, run]));
  const outputs = Object.fromEntries(outputsNeeded(flow, saga, byId, complete).map((id) => [id, outputOf(id)]));
  const drawId = (): string => {
    world.drawn += 1;
    return makeRunId(now + world.drawn, 0);
  };
  return { flow, saga, params: PARAMS, runs: byId, complete, outputs, now, drawId };
};

const writeExceptions = (world: World, { exceptions }: SagaDecision): void => {
  for (const intent of exceptions) {
    if (intent.kind === 'open') {
      world.exceptions.set(intent.exception.id, intent.exception);
      continue;
    }
    const before = world.exceptions.get(intent.id);
    if (before === undefined || before.handled !== undefined) {
      throw new Error(`${intent.kind} of ${intent.id}, which is not open`);
    }
    const { retryAt: _retryAt, ...rest } = before;
    const after: SagaException =
      intent.kind === 'retry'
        ? { ...rest, retryAt: intent.retryAt }
        : intent.kind === 'handle'
          ? { ...rest, handled: { at: world.now, by: intent.by, as: intent.as } }
          : intent.kind === 'note'
            ? before
            : { ...rest, error: intent.error, reason: intent.reason, tries: rest.tries + intent.tries };
    world.exceptions.set(intent.id, after);
  }
};

const create = ({ runs }: World, { run: id, step, undo }: StepStart): void => {
  if (!runs.has(id)) {
    runs.set(id, { id, step, undo, status: 'scheduled', attempt: 0, tries: 0, isExecuting: false });
  }
};

const cancelRun = (world: World, id: string): void => {
  const run = world.runs.get(id);
  if (run !== undefined && !isTerminal(run.status)) {
    const { isExecuting } = run;
    world.runs.set(id, { ...run, status: 'cancelled', ...(isExecuting ? { evidence: { state: 'pending' } } : {}) });
  }
};

export const carryOut = (world: World, { starts, cancels }: SagaDecision): void => {
  for (const id of cancels) {
    cancelRun(world, id);
  }
  for (const start of starts) {
    create(world, start);
  }
};

type How = 'carried_out' | 'late' | 'lost';

const write = (world: World, view: SagaView, decision: SagaDecision, how: How, word?: SagaCommand): void => {
  world.watch(view, decision, word);
  writeExceptions(world, decision);
  const wasEnded = isSagaEnded(world.saga);
  world.saga = decision.next;
  if (!wasEnded && isSagaEnded(world.saga)) {
    world.events.push({ kind: 'over', saga: world.saga });
  }
  if (how === 'carried_out') {
    carryOut(world, decision);
  }
  if (how === 'late') {
    world.late.push(decision);
  }
};

/** The end of these runs is told. */
export const tell = (world: World, runs: readonly WorldRun[], how: How): void => {
  const view = viewOf(world, runs, false);
  write(world, view, advance(view), how);
};

/** @param hidden a run that the reading does not show yet */
export const viewOfAll = (world: World, hidden?: string): SagaView =>
  viewOf(
    world,
    unsettled(world.saga).flatMap((id) => (id === hidden ? [] : (world.runs.get(id) ?? []))),
    true,
  );

/** The alarm's look. */
export const look = (world: World, how: How, hidden?: string): SagaDecision => {
  const view = viewOfAll(world, hidden);
  const decision = advance(view);
  write(world, view, decision, how);
  return decision;
};

const noteWord = (world: World, word: SagaCommand): void => {
  if (word.kind === 'desk' && (word.action === 'skip' || word.action === 'done')) {
    world.events.push({ kind: 'said', step: word.exception.step, undo: word.exception.undo === true, as: word.action });
  }
};

/** @returns whether it was refused */
export const say = (world: World, word: SagaCommand, how: How): boolean => {
  const view = viewOfAll(world);
  const answer = command(view, word);
  if ('refused' in answer) {
    return true;
  }
  noteWord(world, word);
  write(world, view, answer, how, word);
  return false;
};

const stepOf = ({ flow }: World, id: string): FlowStep => {
  const found = flow.steps.find((each) => each.id === parseStepRunId(id)?.step);
  if (found === undefined) {
    throw new Error(`${id} is a run of no step`);
  }
  return found;
};

/** A worker, or who is waited for, begins. */
export const begin = (world: World, run: WorldRun): void => {
  const { step, undo, id } = run;
  const waits = !undo && stepOf(world, id).type !== 'worker';
  world.runs.set(id, { ...run, status: 'running', attempt: waits ? 0 : 1, isExecuting: true });
  world.events.push({ kind: 'begin', step, undo, run: id });
};

export const OUTCOMES = ['succeeded', 'failed', 'timed_out', 'lost', 'failed_after_loss'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What nobody executes is told, or is not. */
const endedWaiting = (run: WorldRun, outcome: Outcome): WorldRun => {
  const over = { ...run, isExecuting: false };
  return outcome === 'succeeded'
    ? { ...over, status: 'succeeded' }
    : outcome === 'failed'
      ? { ...over, status: 'failed', reason: 'handler_failed' }
      : { ...over, status: 'timed_out', reason: 'not_started' };
};

const ended = (run: WorldRun, outcome: Outcome): WorldRun => {
  const over = { ...run, isExecuting: false, tries: 1 };
  switch (outcome) {
    case 'succeeded':
      return { ...over, status: 'succeeded', tries: 0 };
    case 'failed':
      return { ...over, status: 'failed', reason: 'handler_failed', error: 'no' };
    case 'timed_out':
      return { ...over, status: 'timed_out', reason: 'timed_out' };
    case 'lost':
      return { ...over, status: 'failed', reason: 'worker_lost' };
    case 'failed_after_loss': {
      const history = [{ attempt: 1, outcome: 'lost', endedAt: 0 }] as const;
      return { ...over, status: 'failed', attempt: 2, tries: 2, reason: 'handler_failed', history };
    }
  }
};

/** What executes ends; a cancelled one tells that it has. @returns the run as it is then */
export const end = (world: World, run: WorldRun, outcome: Outcome): WorldRun => {
  const { step, undo, id } = run;
  const isCancelled = run.status === 'cancelled';
  const type = undo ? 'worker' : stepOf(world, id).type;
  const after: WorldRun = isCancelled
    ? { ...run, isExecuting: false, evidence: { state: 'exited', at: world.now } }
    : (type === 'worker' ? ended : endedWaiting)(run, outcome);
  world.runs.set(id, after);
  const isKnown = !isCancelled && (outcome === 'succeeded' || outcome === 'failed');
  const bad = type === 'wait' || isKnown ? 'nothing' : 'unknown';
  const as = !isCancelled && outcome === 'succeeded' ? 'done' : bad;
  world.events.push({ kind: 'end', step, undo, run: id, as });
  return after;
};

export const executing = ({ runs }: World): readonly WorldRun[] => [...runs.values()].filter((run) => run.isExecuting);
export const waiting = ({ runs }: World): readonly WorldRun[] =>
  [...runs.values()].filter(({ status }) => status === 'scheduled');
/** Somebody else, by the run's own id. */
export const cancelByHand = cancelRun;
export const isOver = (run: WorldRun): boolean => !isRunOpen(run);
export const openExceptions = ({ exceptions }: World): readonly SagaException[] =>
  [...exceptions.values()].filter(({ handled }) => handled === undefined);
