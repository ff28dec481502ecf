import { parseStepRunId } from '../../domain/ids.ts';
import { isRunOpen, type Run } from '../../domain/run.ts';

/** Told by whoever ended runs, or proved the end of cancelled ones, after what it owed to others for it (rule T3). */
export type Ended = (...runs: readonly Run[]) => Promise<void>;

/**
 * Goes on with the transactions whose steps are settled.
 * @param advance with the transaction of one run; never throws, for an alarm finishes what it leaves
 */
export const createEnded =
  (advance: (run: Run) => Promise<void>): Ended =>
  async (...runs) => {
    const settled = runs.filter((run) => !isRunOpen(run));
    const bySaga = Map.groupBy(settled, ({ id }) => parseStepRunId(id)?.saga);
    bySaga.delete(undefined);
    await Promise.all(
      [...bySaga.values()].map(async (own) => {
        // They all want the row of their transaction: at once, all but one would lose it.
        for (const run of own) {
          await advance(run);
        }
      }),
    );
  };
