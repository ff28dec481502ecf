/** What a step, or its undo, does in this world: its parameters say so, and its output says which attempt it was. */
import type { Behaviour } from './behaviour.ts';

type StepPayload = {
  readonly failRuns: number;
  readonly slows: number;
  readonly gives: number;
  readonly undoMs: number;
  readonly undoFails: number;
  readonly undoFailRuns: number;
};

export type StepWork = { readonly workMs: number; readonly fails: boolean; readonly output: string };

const SLOW_MS = 60_000;

/** Of the n-th run of a step `~n`, of its undo `~cn`. */
const STEP_RUN = /^\d+~.+~(c?)(\d+)$/;

/** @returns nothing for a run that is no step's */
export const stepWork = (
  run: string,
  attempt: number,
  tries: number,
  payload: Behaviour & Partial<StepPayload>,
): StepWork | undefined => {
  const [whole, undo, n] = STEP_RUN.exec(run) ?? [];
  if (whole === undefined) {
    return undefined;
  }
  const {
    workMs,
    fails,
    prints = 0,
    failRuns = 0,
    slows = 0,
    gives = 0,
    undoMs = 0,
    undoFails = 0,
    undoFailRuns = 0,
  } = payload;
  const undoes = undo === 'c';
  return {
    workMs: undoes ? undoMs : workMs + (tries < slows ? SLOW_MS : 0),
    fails: tries < (undoes ? undoFails : fails) || Number(n) <= (undoes ? undoFailRuns : failRuns),
    output: JSON.stringify({
      by: `${run}:${attempt}`,
      value: gives,
      ...(prints === 0 ? {} : { pad: 'x'.repeat(prints) }),
    }),
  };
};
