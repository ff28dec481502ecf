import type { RunResult } from '../../contracts/frames.ts';
import { keptFor } from '../../domain/ids.ts';
import {
  ERROR_HEAD_CHARS,
  type FailureReason,
  isInFlight,
  keepsOutput,
  type Outcome,
  type Run,
} from '../../domain/run.ts';
import { endBadly, type InlineReport, recordEvidence, succeed } from '../../domain/run-decisions.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports, StoredReport } from '../ports/index.ts';
import { toException } from './run-exception.ts';

/** The most that a report may add to its run's row, so that a plain row stays within one write unit (1 KB). */
export const INLINE_REPORT_BYTES = 300;
/** Races of one attempt's end: its row changes only by a cancel, a loss or an alarm's bump. */
const RACES = 10;
const DAY_MS = 24 * 60 * 60_000;

export type BadEnd = Outcome & { readonly outcome: 'failed' | 'timed_out'; readonly reason: FailureReason };

export type EndedByResult = { readonly kind: 'ended' | 'evidence'; readonly run: Run } | { readonly kind: 'stale' };

export type EndAttempt = {
  /**
   * A worker's result. `evidence`: it proves the end of a cancelled run. `stale`: it came too late, twice, or for an
   * attempt that is not the run's, or for a run that is not of the worker's pool; nothing changed.
   */
  readonly byResult: (result: RunResult, pool: string) => Promise<EndedByResult>;
  /** The control plane's own verdict: lost (with the session that was lost) or out of time. */
  readonly byVerdict: (
    run: Run,
    ended: BadEnd,
    by: { readonly session?: string; readonly pool?: string },
  ) => Promise<Run | undefined>;
};

const STALE: EndedByResult = { kind: 'stale' };

/** Why a result says that the attempt ended badly. A worker that killed a run nobody cancelled has lost it. */
const reasonOf = (result: RunResult): FailureReason => {
  if (result.outcome === 'timed_out') {
    return 'timed_out';
  }
  return result.outcome === 'cancelled' ? 'worker_lost' : (result.reason ?? 'handler_failed');
};

const textsOf = ({ output, outputPieces, error, log }: RunResult): StoredReport => ({
  ...(output === undefined ? {} : { output }),
  ...(outputPieces === undefined ? {} : { outputPieces }),
  ...(error === undefined ? {} : { error }),
  ...(log === undefined ? {} : { log }),
});

/** Of a run whose output is not kept, its error alone: it says why the run failed. */
const keptOf = <T extends StoredReport>(report: T, run: Run): T | Omit<T, 'output' | 'outputPieces' | 'log'> => {
  const { output: _output, outputPieces: _pieces, log: _log, ...error } = report;
  return keepsOutput(run) ? report : error;
};

const isLong = (report: StoredReport): boolean =>
  report.outputPieces !== undefined || Buffer.byteLength(JSON.stringify(report)) > INLINE_REPORT_BYTES;

/** Ends attempts: by the worker's result, by loss, by timeout. Exactly one of them wins (rule R2). */
export const createEndAttempt = (ports: Ports): EndAttempt => {
  const { runs, data, settings, now, chance, log } = ports;

  /** Long texts go beside the row first; the row keeps what fits and says that there is more. */
  const keepReport = async ({ run, attempt }: RunResult, report: StoredReport): Promise<InlineReport> => {
    if (!isLong(report)) {
      return report;
    }
    await data.putReport(run, attempt, report, now() + keptFor(run, settings.retentionMs) + DAY_MS);
    return {
      reportStored: true,
      ...(report.error === undefined ? {} : { error: report.error.slice(0, ERROR_HEAD_CHARS) }),
    };
  };

  const commitBadEnd = async (
    first: Run,
    ended: BadEnd,
    report: InlineReport,
    by: { readonly session?: string; readonly pool?: string },
  ): Promise<Run | undefined> => {
    let run: Run | undefined = first;
    const { attempt } = first;
    for (let race = 0; race < RACES; race += 1) {
      if (run === undefined || run.attempt !== attempt || !isInFlight(run.status)) {
        return undefined;
      }
      const at = now();
      const decision = endBadly(run, ended, report, { now: at, retentionMs: settings.retentionMs }, chance(), by);
      if (decision.arm !== undefined) {
        await arm(ports, { kind: 'run', id: run.id }, decision.arm.g, decision.arm.dueAt);
      }
      const final = decision.change.transition !== 'retry';
      const committed = await runs.commit(decision.change, final ? toException(run, ended, at) : undefined);
      if (committed.kind === 'won') {
        log.info(final ? 'A run failed for good' : 'An attempt failed and will be tried again', {
          run: run.id,
          attempt,
          reason: ended.reason,
        });
        return committed.run;
      }
      if (by.session !== undefined && committed.run?.session?.id !== by.session) {
        return undefined;
      }
      run = committed.run;
    }
    throw new Error(`Run ${first.id} changed ${RACES} times while its attempt ended`);
  };

  const proveCancelled = async (
    run: Run | undefined,
    result: RunResult,
    report: InlineReport,
    pool: string,
  ): Promise<EndedByResult> => {
    const isNamed = run?.pool === pool && run.attempt === result.attempt;
    if (!isNamed || run.status !== 'cancelled' || run.evidence?.state !== 'pending') {
      return STALE;
    }
    const { exitCode, signal, startedAt, durationMs } = result;
    const facts = {
      startedAt,
      durationMs,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
    };
    const evidence = {
      state: 'exited' as const,
      at: now(),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
    };
    const proven = recordEvidence(run, evidence, { ...facts, ...keptOf(report, run) }, now());
    const committed = await runs.commit(proven.change);
    return { kind: 'evidence', run: committed.run ?? run };
  };

  const byResult: EndAttempt['byResult'] = async (result, pool) => {
    const { run: id, attempt, startedAt, durationMs, exitCode, signal, error } = result;
    const texts = textsOf(result);
    // What lies beside the row is found by run and attempt alone, and the first that was put stays: a worker of another pool
    // must not be the first.
    const seen = isLong(texts) ? await runs.get(id, 'consistent') : undefined;
    if (isLong(texts) && seen?.pool !== pool) {
      return STALE;
    }
    const report = await keepReport(result, seen === undefined ? texts : keptOf(texts, seen));
    const facts = {
      startedAt: Math.min(startedAt, now()),
      durationMs,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
      ...(error === undefined ? {} : { error }),
    };
    if (result.outcome === 'succeeded') {
      const end = { now: now(), retentionMs: settings.retentionMs };
      const succeedWith = (kept: InlineReport) =>
        runs.commit(succeed({ id, attempt, pool }, { outcome: 'succeeded', ...facts }, kept, end).change);
      const first = await succeedWith(report);
      // A worker need not know that nothing is kept of this run: then its words were what the write was refused for.
      const committed = first.kind === 'lost' && first.run && !keepsOutput(first.run) ? await succeedWith({}) : first;
      if (committed.kind === 'won') {
        return { kind: 'ended', run: committed.run };
      }
      return proveCancelled(committed.run, result, report, pool);
    }
    const run = await runs.get(id, 'consistent');
    if (run?.pool !== pool || run.attempt !== attempt || !isInFlight(run.status)) {
      return proveCancelled(run, result, report, pool);
    }
    const outcome = result.outcome === 'timed_out' ? 'timed_out' : 'failed';
    const bad = { ...facts, outcome, reason: reasonOf(result) } as const;
    const ended = await commitBadEnd(run, bad, keptOf(report, run), { pool });
    // A cancel may have been faster: then the result is the proof that it worked.
    return ended === undefined
      ? proveCancelled(await runs.get(id, 'consistent'), result, report, pool)
      : { kind: 'ended', run: ended };
  };

  return {
    byResult,
    byVerdict: (run, ended, by) =>
      commitBadEnd(run, ended, ended.error === undefined ? {} : { error: ended.error }, by),
  };
};
