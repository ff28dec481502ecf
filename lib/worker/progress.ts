import type { AttemptRef } from '../contracts/frames.ts';
import type { Cancel, Clock } from './clock.ts';

export type Progress = { readonly ref: AttemptRef; readonly percent: number; readonly note: string | undefined };

/** Each progress frame is a billed message: a run sends at most one in this time. */
export const PROGRESS_EVERY_MS = 5_000;
const MAX_NOTE_CHARS = 256;

/** Sends the first report at once, then the latest one of each interval. */
export function createProgress(clock: Clock, send: (percent: number, note: string | undefined) => void) {
  let sentAt = Number.NEGATIVE_INFINITY;
  let latest: { readonly percent: number; readonly note: string | undefined } | undefined;
  let cancel: Cancel | undefined;
  let stopped = false;
  const flush = (): void => {
    cancel = undefined;
    if (latest === undefined) return;
    sentAt = clock.monotonicMs();
    send(latest.percent, latest.note);
    latest = undefined;
  };
  return {
    report(percent: number, note?: string): void {
      // A handler that was left behind may go on reporting.
      if (stopped || !Number.isFinite(percent)) return;
      latest = { percent: Math.min(100, Math.max(0, percent)), note: note?.slice(0, MAX_NOTE_CHARS) };
      const wait = sentAt + PROGRESS_EVERY_MS - clock.monotonicMs();
      if (wait <= 0) flush();
      else cancel ??= clock.startTimer(wait, flush);
    },
    stop(): void {
      stopped = true;
      cancel?.();
    },
  };
}
