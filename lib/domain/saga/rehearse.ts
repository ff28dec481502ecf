/** Plays a flow with a failure at every place, on the machine itself: nothing is executed. */
import type { Flow, FlowStep } from '../flow/flow.ts';
import { makeRunId, parseStepRunId } from '../ids.ts';
import { advance } from './advance.ts';
import { command } from './command.ts';
import type { SagaDecision, SagaView, StepRun } from './decision.ts';
import { unsettled } from './needs.ts';
import { newSaga } from './new-saga.ts';
import { isSagaEnded, type Saga, type SagaException, stepOf } from './saga.ts';

/** What fails in a scenario. `timed_out`: nobody knows what it did. */
export type RehearsedFailure = { readonly step: string; readonly undo: boolean; readonly as: 'failed' | 'timed_out' };

export type Scenario = {
  /** None: everything succeeds. */
  readonly failures: readonly RehearsedFailure[];
  /** It does not turn back by itself: this is what comes of it where a person turns it back. */
  readonly byPerson?: true;
  /** Where the transaction ends; `failed` where a person has to act. */
  readonly ends: 'succeeded' | 'compensated' | 'failed';
  /** In the order in which they began. */
  readonly executed: readonly string[];
  readonly undone: readonly string[];
  /** Steps whose effects stay. */
  readonly left: readonly string[];
  /** Steps that a person has to look at. */
  readonly exceptions: readonly string[];
};

export type Rehearsal = { readonly flow: string; readonly version: number; readonly scenarios: readonly Scenario[] };

/** Every condition holds, and nothing depends on what a step gives: there are no outputs here. */
const bare = (flow: Flow): Flow => ({
  ...flow,
  steps: flow.steps.map(({ when: _when, compensate, ...step }) => ({
    ...step,
    type: 'worker',
    config: {},
    ...(compensate === undefined ? {} : { compensate: { ...compensate, type: 'worker', config: {} } }),
  })),
});

type Play = {
  readonly flow: Flow;
  saga: Saga;
  readonly runs: Map<string, StepRun>;
  readonly begun: { readonly step: string; readonly undo: boolean }[];
  exception?: SagaException;
  drawn: number;
};

const viewOf = (play: Play): SagaView => ({
  flow: play.flow,
  saga: play.saga,
  params: {},
  runs: play.runs,
  complete: false,
  outputs: {},
  now: play.saga.createdAt,
  drawId: () => {
    play.drawn += 1;
    return makeRunId(play.saga.createdAt + play.drawn, 0);
  },
});

const take = (play: Play, { next, starts, exceptions }: SagaDecision): void => {
  play.saga = next;
  play.begun.push(...starts);
  for (const intent of exceptions) {
    if (intent.kind === 'open') {
      play.exception = intent.exception;
    }
  }
};

const resultOf = (id: string, failures: readonly RehearsedFailure[]): StepRun => {
  const of = parseStepRunId(id);
  const failure = failures.find(({ step, undo }) => step === of?.step && undo === of.undo);
  const common = { id, attempt: 1, tries: failure === undefined ? 0 : 1 };
  return failure === undefined
    ? { ...common, status: 'succeeded' }
    : { ...common, status: failure.as, reason: failure.as === 'failed' ? 'handler_failed' : 'timed_out' };
};

/** What runs at the same time ends at the same time, until nothing runs any more. */
const settleAll = (
  play: Play,
  failures: readonly RehearsedFailure[],
  onRound: (open: readonly string[]) => void = () => undefined,
): void => {
  for (let open = unsettled(play.saga); open.length > 0; open = unsettled(play.saga)) {
    onRound(open);
    for (const id of open) {
      play.runs.set(id, resultOf(id, failures));
    }
    take(play, advance(viewOf(play)));
  }
};

const EPOCH = Date.UTC(2024, 0, 2);

const begin = (flow: Flow): Play => {
  const saga = newSaga({ no: '1', instance: 'rehearsal', flow, fingerprint: '', depth: 0, now: EPOCH });
  const play: Play = { flow, saga, runs: new Map(), begun: [], drawn: 0 };
  take(play, advance(viewOf(play)));
  return play;
};

const hasEffects = (saga: Saga, { id }: FlowStep): boolean => {
  const { status, unknown, undo } = stepOf(saga, id);
  return undo !== 'succeeded' && (status === 'succeeded' || unknown === true);
};

const endOf = ({ status }: Saga): Scenario['ends'] =>
  status === 'succeeded' || status === 'compensated' ? status : 'failed';

const toScenario = (
  { flow, saga, begun }: Play,
  failures: readonly RehearsedFailure[],
  isByPerson: boolean,
): Scenario => ({
  failures,
  ...(isByPerson ? { byPerson: true } : {}),
  ends: endOf(saga),
  executed: begun.filter(({ undo }) => !undo).map(({ step }) => step),
  undone: begun.filter(({ undo }) => undo).map(({ step }) => step),
  left: flow.steps.filter((step) => hasEffects(saga, step)).map(({ id }) => id),
  exceptions: flow.steps
    .filter(({ id }) => {
      const { exception, undoException } = stepOf(saga, id);
      return exception !== undefined || undoException !== undefined;
    })
    .map(({ id }) => id),
});

const copyOf = (play: Play): Play => ({ ...play, runs: new Map(play.runs), begun: [...play.begun] });

/** Until a step fails all goes as it does where none does: that is played once, and each failure from where it comes. */
const playWhole = (flow: Flow): { readonly scenario: Scenario; readonly before: ReadonlyMap<string, Play> } => {
  const before = new Map<string, Play>();
  const played = begin(flow);
  settleAll(played, [], (open) => {
    const kept = copyOf(played);
    for (const id of open) {
      before.set(parseStepRunId(id)?.step ?? '', kept);
    }
  });
  return { scenario: toScenario(played, [], false), before };
};

/**
 * @param from as it was before the first of the failures
 * @returns as it goes by itself, and, where a person could have it undone, what then comes of it
 */
const play = (from: Play, failures: readonly RehearsedFailure[]): readonly Scenario[] => {
  const played = copyOf(from);
  settleAll(played, failures);
  const first = toScenario(played, failures, false);
  if (isSagaEnded(played.saga) || played.saga.direction === 'backward' || played.exception === undefined) {
    return [first];
  }
  const { exception } = played;
  const answer = command(
    { ...viewOf(played), complete: true },
    { kind: 'desk', action: 'compensate', exception, by: '' },
  );
  if ('refused' in answer) {
    return [first];
  }
  take(played, answer);
  settleAll(played, failures);
  return [first, toScenario(played, failures, true)];
};

/** Of a failing undo: how the transaction comes to unwind so far. The latest step first, since that leaves the most to undo. */
const failingUndo = (plain: readonly Scenario[], id: string): readonly RehearsedFailure[] => {
  const way = plain.findLast(({ undone }) => undone.includes(id));
  return way === undefined ? [] : [...way.failures, { step: id, undo: true, as: 'failed' }];
};

/** Nothing fails; each step fails, and then ends unknown; each undo fails for good. */
export const rehearse = (defined: Flow): Scenario[] => {
  const flow = bare(defined);
  const { scenario, before } = playWhole(flow);
  const playWith = (failures: readonly RehearsedFailure[]): readonly Scenario[] => {
    const from = before.get(failures[0]?.step ?? '');
    return from === undefined ? [] : play(from, failures);
  };
  const failing = flow.steps.flatMap(({ id }) =>
    (['failed', 'timed_out'] as const).flatMap((as) => playWith([{ step: id, undo: false, as }])),
  );
  const stuck = flow.steps
    .filter(({ compensate }) => compensate !== undefined)
    .flatMap(({ id }) => playWith(failingUndo(failing, id)).slice(-1));
  return [scenario, ...failing, ...stuck];
};
