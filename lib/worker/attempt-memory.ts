import type { AttemptRef, RunResult } from '../contracts/frames.ts';
import { RESULT_MEMORY_MS } from '../domain/timing.ts';
import type { TimeSource } from './clock.ts';

/** Texts of all remembered results together; beyond it the oldest keep their outcome only. */
const MAX_REMEMBERED_CHARS = 32_000_000;

/** Attempts that are remembered, some 300 bytes each: an hour's worth for a worker of 28 runs a second. */
const MAX_REMEMBERED = 100_000;

/** One text for (run, attempt). The attempt is a number, so no two pairs share a key. */
export const attemptKey = ([run, attempt]: AttemptRef): string => `${attempt} ${run}`;

/** What the worker remembers of attempts that it no longer executes. */
export type AttemptMemory = {
  readonly remember: (result: RunResult) => void;
  /** The stored result, with which a redelivery is answered (K2). */
  readonly find: (ref: AttemptRef) => RunResult | undefined;
  /** A cancel came before its run (K3): when the run arrives, it is not begun. */
  readonly bury: (ref: AttemptRef) => void;
  readonly isBuried: (ref: AttemptRef) => boolean;
  /** Forgets what is older than RESULT_MEMORY_MS. There may be so many that they are forgotten sooner. */
  readonly purge: () => void;
};

export function createAttemptMemory(clock: TimeSource): AttemptMemory {
  // A Map keeps the order of insertion, so the oldest are at its front.
  const finished = new Map<string, { result: RunResult; readonly at: number }>();
  const buried = new Map<string, number>();
  /** Finished attempts that still have their texts, oldest first. */
  const withTexts = new Map<string, number>();
  let chars = 0;

  const dropTexts = (key: string): void => {
    chars -= withTexts.get(key) ?? 0;
    withTexts.delete(key);
  };
  return {
    remember(result) {
      const key = attemptKey([result.run, result.attempt]);
      finished.delete(key);
      dropTexts(key);
      finished.set(key, { result, at: clock.monotonicMs() });
      withTexts.set(key, textLength(result));
      chars += textLength(result);
      for (const oldest of finished.keys()) {
        if (finished.size <= MAX_REMEMBERED) break;
        finished.delete(oldest);
        dropTexts(oldest);
      }
      for (const oldest of withTexts.keys()) {
        if (chars <= MAX_REMEMBERED_CHARS) break;
        const entry = finished.get(oldest);
        if (entry !== undefined) entry.result = withoutTexts(entry.result);
        dropTexts(oldest);
      }
    },
    find: (ref) => finished.get(attemptKey(ref))?.result,
    bury(ref) {
      buried.delete(attemptKey(ref));
      buried.set(attemptKey(ref), clock.monotonicMs());
    },
    isBuried: (ref) => buried.has(attemptKey(ref)),
    purge() {
      const oldest = clock.monotonicMs() - RESULT_MEMORY_MS;
      for (const [key, { at }] of finished) {
        if (at >= oldest) break;
        finished.delete(key);
        dropTexts(key);
      }
      for (const [key, at] of buried) {
        if (at >= oldest) break;
        buried.delete(key);
      }
    },
  };
}

const textLength = ({ output = '', error = '', log = '' }: RunResult): number =>
  output.length + error.length + log.length;

function withoutTexts({ output: _, log: __, ...rest }: RunResult): RunResult {
  return { ...rest, log: 'The output is no longer kept: too many results followed it.' };
}
