/** Tells what happens to a saga in a few words: a step's run ends, a person says something. */
import { expect } from 'vitest';
import type { Flow, Json } from '../../../lib/domain/flow/flow.ts';
import { command } from '../../../lib/domain/saga/command.ts';
import type { SagaCommand, SagaRefusal } from '../../../lib/domain/saga/decision.ts';
import { type DeskAction, type SagaException, type StepState, stepOf } from '../../../lib/domain/saga/saga.ts';
import * as world from './saga-world.ts';

export type Story = {
  readonly world: world.World;
  /** The newest run of a step, or of its undo, begins and ends; whoever waits for it is told. */
  readonly ends: (step: string, outcome?: world.Outcome, undo?: 'undo') => void;
  /** As `ends`, for several at the same moment. */
  readonly endTogether: (...ends: readonly (readonly [step: string, outcome: world.Outcome])[]) => void;
  readonly begins: (step: string) => void;
  /** It is told to stop, and has. */
  readonly stops: (step: string) => void;
  readonly says: (word: SagaCommand) => void;
  readonly refuses: (word: SagaCommand) => SagaRefusal | undefined;
  readonly exceptionOf: (step: string, undo?: 'undo') => SagaException;
  readonly acts: (action: DeskAction, step: string, undo?: 'undo') => void;
  readonly state: (step: string) => StepState;
  /** Ids of the runs that are neither over nor being stopped, without the saga's. */
  readonly open: () => readonly string[];
  /** What the runs were given, in the order in which they were begun. */
  readonly payloads: readonly Json[];
};

export const storyOf = (flow: Flow): Story => {
  const payloads: Json[] = [];
  const w = world.createWorld(flow, (_view, { starts }) => payloads.push(...starts.map(({ payload }) => payload)));
  world.look(w, 'carried_out');

  const newest = (step: string, undo: boolean): world.WorldRun => {
    const run = [...w.runs.values()].findLast((each) => each.step === step && each.undo === undo);
    if (run === undefined) {
      throw new Error(`${step} has no run`);
    }
    return run;
  };
  const executingOf = (step: string, undo: boolean): world.WorldRun => {
    if (!newest(step, undo).isExecuting) {
      world.begin(w, newest(step, undo));
    }
    return newest(step, undo);
  };
  const exceptionOf: Story['exceptionOf'] = (step, undo) => {
    const { exception, undoException } = stepOf(w.saga, step);
    const found = w.exceptions.get((undo === undefined ? exception : undoException) ?? '');
    if (found === undefined) {
      throw new Error(`${step} has no open exception`);
    }
    return found;
  };
  const says: Story['says'] = (word) => expect(world.say(w, word, 'carried_out'), 'refused').toBe(false);

  return {
    world: w,
    payloads,
    ends: (step, outcome = 'succeeded', undo) =>
      world.tell(w, [world.end(w, executingOf(step, undo !== undefined), outcome)], 'carried_out'),
    endTogether: (...ends) =>
      world.tell(
        w,
        ends.map(([step, outcome]) => world.end(w, executingOf(step, false), outcome)),
        'carried_out',
      ),
    begins: (step) => {
      executingOf(step, false);
    },
    stops: (step) => {
      const run = newest(step, false);
      expect(run.status).toBe('cancelled');
      world.tell(w, [run.isExecuting ? world.end(w, run, 'failed') : run], 'carried_out');
    },
    says,
    refuses: (word) => {
      const answer = command(world.viewOfAll(w), word);
      return 'refused' in answer ? answer.refused : undefined;
    },
    exceptionOf,
    acts: (action, step, undo) => says({ kind: 'desk', action, exception: exceptionOf(step, undo), by: 'ann' }),
    state: (step) => stepOf(w.saga, step),
    open: () =>
      [...w.runs.values()]
        .filter(({ status }) => status === 'scheduled' || status === 'running')
        .map(({ id }) => id.slice(id.indexOf('~') + 1)),
  };
};
