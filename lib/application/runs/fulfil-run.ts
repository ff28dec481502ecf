import { keptFor, runFamily } from '../../domain/ids.ts';
import type { Run } from '../../domain/run.ts';
import type { InlineReport } from '../../domain/run-decisions.ts';
import { fulfil } from '../../domain/run-verdicts.ts';
import type { Ports } from '../ports/index.ts';
import { INLINE_REPORT_BYTES } from './end-attempt.ts';
import type { Ended } from './ended.ts';
import { toException } from './run-exception.ts';

/** `output`: what the run waited for has happened, and this came of it. `error`: it came to another end, or never began. */
export type Fulfilment = { readonly output: string } | { readonly error: string };

/**
 * Ends a run of a step that waits (rule T8). No other run waits for anything but its time, whatever is named after it.
 * @returns the run as it ended; undefined where there is none, it has ended, or somebody executes it already
 */
export type Fulfil = (id: string, ending: Fulfilment) => Promise<Run | undefined>;

/** A run moves on only so often; a caller that lost this many races is told of a fault instead of spinning. */
const RACES = 10;
const DAY_MS = 24 * 60 * 60_000;

export const createFulfilRun = (
  { runs, data, settings, now, log }: Pick<Ports, 'runs' | 'data' | 'settings' | 'now' | 'log'>,
  ended: Ended,
): Fulfil => {
  /** A long output goes beside the row first, as an attempt's does: under the number of the attempt that there never was. */
  const keep = async (run: Run, output: string): Promise<InlineReport> => {
    if (Buffer.byteLength(JSON.stringify(output)) <= INLINE_REPORT_BYTES) {
      return { output };
    }
    const expiresAt = now() + keptFor(run.id, settings.retentionMs) + DAY_MS;
    await data.putReport(run.id, run.attempt, { output }, expiresAt);
    return { reportStored: true };
  };

  return async (id, ending) => {
    if (runFamily(id) !== 'step') {
      return undefined;
    }
    for (let race = 0; race < RACES; race += 1) {
      const run = await runs.get(id, 'consistent');
      if (run === undefined || (run.status !== 'scheduled' && run.status !== 'ready')) {
        return undefined;
      }
      const isGood = 'output' in ending;
      const report = isGood ? await keep(run, ending.output) : { error: ending.error };
      const at = now();
      const decision = fulfil(run, isGood ? 'succeeded' : 'failed', report, {
        now: at,
        retentionMs: settings.retentionMs,
      });
      if (decision === 'illegal') {
        return undefined;
      }
      const exception = isGood ? undefined : toException(run, { reason: 'not_fulfilled', error: ending.error }, at);
      const committed = await runs.commit(decision.change, exception);
      if (committed.kind === 'won') {
        log.info('A run that waited has ended', { run: id, status: committed.run.status });
        await ended(committed.run);
        return committed.run;
      }
    }
    throw new Error(`Run ${id} changed ${RACES} times while it was being fulfilled`);
  };
};
