import type { Flow, Json } from '../../domain/flow/flow.ts';
import { readOutput } from '../../domain/flow/read-output.ts';
import { makeStepRunId } from '../../domain/ids.ts';
import { isTerminal, type Run } from '../../domain/run.ts';
import { MOST_CHILD_OUTPUT_BYTES } from '../../domain/saga/prepare.ts';
import { type Saga, stepOf } from '../../domain/saga/saga.ts';
import type { Ports } from '../ports/index.ts';
import { readRuns } from './read-runs.ts';

/** The whole of what a run wrote as its output, wherever it lies. */
export type OutputOf = (run: Run) => Promise<string | undefined>;

export type ReadOutputs = (
  saga: Saga,
  steps: readonly string[],
  known: ReadonlyMap<string, Run>,
) => Promise<Readonly<Record<string, Json>>>;

export const createOutputOf =
  ({ data }: Pick<Ports, 'data'>): OutputOf =>
  async ({ id, attempt, notedOutput, output, reportStored }) => {
    if (notedOutput !== undefined || !reportStored) {
      return notedOutput ?? output;
    }
    const report = await data.getReport(id, attempt);
    return report?.outputPieces === undefined ? report?.output : data.getOutput(id, attempt, report.outputPieces);
  };

const runOf = (saga: Saga, step: string): string | undefined => {
  const { runs, output } = stepOf(saga, step);
  return runs === 0 || output !== undefined ? undefined : makeStepRunId({ saga: saga.no, step, undo: false, n: runs });
};

/** What steps gave: the newest run's output, or what a person said in its place. */
export const createReadOutputs = ({ runs }: Pick<Ports, 'runs'>, outputOf: OutputOf): ReadOutputs => {
  const read = readRuns(runs);

  return async (saga, steps, known) => {
    const ids = steps.flatMap((step) => runOf(saga, step) ?? []);
    const missing = ids.filter((id) => !known.has(id));
    const found = new Map([...known, ...(await read(missing))]);
    const texts = await Promise.all(
      steps.map(async (step) => {
        const id = runOf(saga, step);
        const seen = id === undefined ? undefined : found.get(id);
        // Whoever asks knows from the saga's row that it has ended: a reading that does not show it is stale.
        const run = id !== undefined && !isEnded(seen) ? await runs.get(id, 'consistent') : seen;
        const text = stepOf(saga, step).output ?? (run === undefined ? undefined : await outputOf(run));
        return [step, readOutput(text)] as const;
      }),
    );
    return Object.fromEntries(texts);
  };
};

const isEnded = (run: Run | undefined): boolean => run !== undefined && isTerminal(run.status);

/**
 * What a transaction gives to the one that it is a step of: the outputs of its steps by their ids, in the order of the
 * definition. One that does not fit any more is left out; what refers to it says so.
 */
export const toChildOutput = (flow: Flow, outputs: Readonly<Record<string, Json>>): string => {
  const kept: Record<string, Json> = {};
  // The braces.
  let bytes = 2;
  for (const { id } of flow.steps) {
    const output = outputs[id];
    // Two quotes, a colon, a comma.
    const more = output === undefined ? 0 : Buffer.byteLength(JSON.stringify(output)) + id.length + 4;
    if (output !== undefined && bytes + more <= MOST_CHILD_OUTPUT_BYTES) {
      kept[id] = output;
      bytes += more;
    }
  }
  return JSON.stringify(kept);
};
