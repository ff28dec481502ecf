/** Makes the run of a step, or of its undo, out of the definition, the parameters and the outputs so far. */
import type { FlowStep, Json, JsonObject } from '../flow/flow.ts';
import { isJsonObject } from '../flow/json.ts';
import { parsePath, pathsIn, type Roots, resolve, stepOfPath } from '../flow/paths.ts';
import { readOutput } from '../flow/read-output.ts';
import { render } from '../flow/render.ts';
import { toWork } from '../flow/to-work.ts';
import type { StepStart } from './decision.ts';
import { type Draft, runIdOf, stateOf } from './draft.ts';
import type { StepState } from './saga.ts';

/** What a step gave; nothing while it may still give something else. */
const outputOf = (draft: Draft, { id }: FlowStep, { status, output }: StepState): Json | undefined => {
  if (status === 'pending' || status === 'running') {
    return undefined;
  }
  // What a step gave that is left out this time, it gave before it was undone.
  const fromRun = status === 'skipped' ? null : (draft.view.outputs[id] ?? null);
  return output === undefined ? fromRun : readOutput(output);
};

const outputsOf = (draft: Draft): Roots['outputs'] =>
  Object.fromEntries(
    draft.view.flow.steps.flatMap((step) => {
      const output = outputOf(draft, step, stateOf(draft, step));
      return output === undefined ? [] : [[step.id, output]];
    }),
  );

/** Of the draft as it is when they are first looked at: most steps refer to nothing. */
export const rootsOf = (draft: Draft): Roots => {
  let outputs: Roots['outputs'] | undefined;
  return {
    instance: draft.view.saga.instance,
    params: draft.view.params,
    get outputs() {
      outputs ??= outputsOf(draft);
      return outputs;
    },
  };
};

const paramsFor = ({ view }: Draft, { taskName }: FlowStep, input: string | undefined): JsonObject => {
  const params = input === undefined ? view.params[taskName] : readOutput(input);
  return isJsonObject(params) ? params : {};
};

/** What a transaction gives to the one above (../../application/sagas/outputs.ts). */
export const MOST_CHILD_OUTPUT_BYTES = 64 * 1024;

/** A reference into the output of a transaction may lead nowhere because there was too much of that. */
const leftOut = ({ view }: Draft, config: JsonObject, roots: Roots): string => {
  const isChild = (path: string): boolean =>
    view.flow.steps.some(({ id, type }) => type === 'flow' && id === stepOfPath(parsePath(path) ?? []));
  const isMissing = (path: string): boolean => isChild(path) && resolve(path, roots) === undefined;
  return pathsIn(config).some(isMissing)
    ? ` (a step of type flow gives the outputs of its steps as far as they fit into ${MOST_CHILD_OUTPUT_BYTES / 1024} KB; those that do not are left out)`
    : '';
};

/** The run that the state names, or why there can be none. @param roots as of the draft */
export const prepare = (
  draft: Draft,
  step: FlowStep,
  state: StepState,
  undo: boolean,
  roots = rootsOf(draft),
): StepStart | { readonly problem: string } => {
  const { saga, now } = draft.view;
  const work = undo ? (step.compensate ?? step) : step;
  const rendered = render(work.config, roots);
  if ('problem' in rendered) {
    return { problem: rendered.problem + leftOut(draft, work.config, roots) };
  }
  const run = runIdOf(saga, step.id, state, undo);
  // What undoes a step is given what the step was given.
  const params = paramsFor(draft, step, (undo ? state.undoInput : undefined) ?? state.input);
  const { taskName } = step;
  const made = toWork(work, {
    taskName,
    config: rendered.config,
    params,
    run,
    now: Math.max(now, state.startAt ?? now),
  });
  if ('problem' in made) {
    return made;
  }
  const { strategy, maxAttempts, intervalMs, backoff } = work.retry;
  const maxTries = strategy === 'auto' ? maxAttempts : 1;
  return { ...made, run, step: step.id, undo, maxTries, retry: { intervalMs, backoff } };
};

/** It is over by itself after so long, should nobody cancel it. */
const MARK_MS = 60_000;

/**
 * In place of a run that is not wanted any more before it was created: whoever decided on it may be about to create it still,
 * and meets this one, which nobody executes.
 */
export const markOf = (draft: Draft, step: FlowStep, undo: boolean): StepStart => {
  const at = draft.view.now + MARK_MS;
  return {
    run: runIdOf(draft.view.saga, step.id, stateOf(draft, step), undo),
    step: step.id,
    undo,
    payload: null,
    handler: step.taskName,
    pool: 'default',
    executeAt: at,
    timeoutMs: step.timeoutMs,
    maxTries: 1,
    retry: { intervalMs: step.retry.intervalMs, backoff: step.retry.backoff },
    waitsUntil: at,
  };
};
