/**
 * The worker's side of credit-based flow control (rules C2 and C6).
 *
 * The control plane numbers its pushes to a session 1, 2, 3 … (`seq`) and may push up to the `limit` that the worker
 * last reported. The window is what the worker knows of that count:
 *
 * | part   | meaning                                                                                              |
 * | ------ | ---------------------------------------------------------------------------------------------------- |
 * | `seen` | the highest seq received                                                                             |
 * | `gaps` | the seqs below `seen` that have not come, with the instant at which each was first missed: a push may |
 * |        | still be on its way, so its slot stays reserved until it comes or is voided                          |
 *
 * A voided seq is simply no longer a gap. The run that it stood for is not forbidden: when it arrives after all, it is
 * accepted and the window stays as it is (C6). Whether a run is new is judged by (run, attempt), never by seq.
 */
import { GAP_VOID_MS } from './timing.ts';

export type SlotWindow = {
  readonly seen: number;
  /** Missing seq → monotonic instant (ms) at which it was first noticed. */
  readonly gaps: ReadonlyMap<number, number>;
};

/**
 * More gaps than this are not tracked: an honest control plane leaves at most `max` (≤ 100) pushes open, and a seq far
 * beyond that must not cost the worker its memory.
 */
const MAX_GAPS = 1_000;

export const EMPTY_WINDOW: SlotWindow = { seen: 0, gaps: new Map() };

/** A push with this seq arrived. A repeated or voided seq changes nothing. `now`: monotonic ms. */
export function receiveSeq(window: SlotWindow, seq: number, now: number): SlotWindow {
  const gaps = new Map(window.gaps);
  gaps.delete(seq);
  for (let missing = Math.max(window.seen + 1, seq - MAX_GAPS); missing < seq; missing += 1) gaps.set(missing, now);
  return { seen: Math.max(window.seen, seq), gaps };
}

/** `sync {q}`: the pushes up to `q` were made, those that have not come are lost for good (C6). Never goes back. */
export function syncTo(window: SlotWindow, q: number): SlotWindow {
  return { seen: Math.max(window.seen, q), gaps: keepGaps(window, (seq) => seq > q) };
}

/** Voids the gaps that are older than GAP_VOID_MS (C6). Returns the same object when there is none. */
export function voidOldGaps(window: SlotWindow, now: number): SlotWindow {
  const gaps = keepGaps(window, (_, noticedAt) => now - noticedAt <= GAP_VOID_MS);
  return gaps.size === window.gaps.size ? window : { seen: window.seen, gaps };
}

/**
 * The seq up to which the control plane may push (C2): `seen + free`, where `free = max − inFlight − gaps` may be
 * negative. `max` is 0 while the worker drains. `inFlight` counts every run that it holds, queued or executing.
 */
export function creditLimit(window: SlotWindow, max: number, inFlight: number): number {
  return window.seen + max - inFlight - window.gaps.size;
}

function keepGaps(window: SlotWindow, keep: (seq: number, noticedAt: number) => boolean): ReadonlyMap<number, number> {
  return new Map([...window.gaps].filter(([seq, noticedAt]) => keep(seq, noticedAt)));
}
