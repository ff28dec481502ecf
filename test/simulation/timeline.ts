/**
 * Virtual time: events in the order of their instants, and everything that follows from one (all its promises) before the
 * next. Nothing else moves the clock, so a year takes as long as its events do, and the same seed gives the same world.
 */
export type Cancel = () => void;

export type Timeline = {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** An instant that has passed means now; a fraction means the next millisecond. */
  readonly at: (instant: number, action: () => void) => Cancel;
  readonly after: (ms: number, action: () => void) => Cancel;
  /**
   * The same for what mostly comes to nothing, as a worker's look at its clock every second: no promise is waited for after it
   * and nobody looks, unless it asks for an event of the other kind, or stirs.
   */
  readonly quietly: (ms: number, action: () => void) => Cancel;
  /** What happens right now has to be followed by everybody. */
  readonly stir: () => void;
  readonly pause: (ms: number) => Promise<void>;
  /** The next event that comes by `until`, with the quiet ones before it. @returns whether there was one */
  readonly step: (until: number) => Promise<boolean>;
  /** Nothing happens until then. */
  readonly passTo: (instant: number) => void;
};

type Event = {
  readonly instant: number;
  readonly order: number;
  readonly quiet: boolean;
  action: (() => void) | undefined;
};

const before = (a: Event, b: Event): boolean => a.instant < b.instant || (a.instant === b.instant && a.order < b.order);

/** A binary heap: the year's schedules make a sorted list slow. */
const createHeap = () => {
  const items: Event[] = [];
  const at = (index: number): Event => items[index] as Event;
  const swap = (a: number, b: number): void => {
    const held = at(a);
    items[a] = at(b);
    items[b] = held;
  };
  return {
    first: (): Event | undefined => items[0],
    push: (event: Event): void => {
      let index = items.push(event) - 1;
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!before(at(index), at(parent))) {
          break;
        }
        swap(index, parent);
        index = parent;
      }
    },
    pop: (): void => {
      const last = items.pop();
      if (items.length === 0 || last === undefined) {
        return;
      }
      items[0] = last;
      for (let index = 0; ; ) {
        const [left, right] = [2 * index + 1, 2 * index + 2];
        let least = index;
        if (left < items.length && before(at(left), at(least))) {
          least = left;
        }
        if (right < items.length && before(at(right), at(least))) {
          least = right;
        }
        if (least === index) {
          break;
        }
        swap(index, least);
        index = least;
      }
    },
  };
};

/**
 * All promises that can go on have gone on: Node runs a tick when no microtask is left, if it was asked for within one; else
 * before them all. A turn of the event loop would do the same and cost ten times as much, most of it in system calls.
 */
const settled = (): Promise<void> => new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));

export const createTimeline = (start: number): Timeline => {
  const heap = createHeap();
  let now = start;
  let events = 0;
  let stirred = false;

  const add = (instant: number, quiet: boolean, action: () => void): Cancel => {
    events += 1;
    const event: Event = { instant: Math.max(now, Math.ceil(instant)), order: events, quiet, action };
    heap.push(event);
    return () => {
      event.action = undefined;
    };
  };
  const at: Timeline['at'] = (instant, action) => {
    stirred = true;
    return add(instant, false, action);
  };
  const after: Timeline['after'] = (ms, action) => at(now + ms, action);

  const next = (until: number): Event | undefined => {
    for (let event = heap.first(); event !== undefined && event.instant <= until; event = heap.first()) {
      heap.pop();
      if (event.action !== undefined) {
        return event;
      }
    }
    return undefined;
  };

  return {
    now: () => now,
    at,
    after,
    quietly: (ms, action) => add(now + ms, true, action),
    stir: () => {
      stirred = true;
    },
    pause: (ms) =>
      new Promise((resolve) => {
        after(ms, resolve);
      }),
    step: async (until) => {
      let event = next(until);
      if (event === undefined) {
        // What began outside of a step, a scenario for one, may be about to ask for its first event.
        await settled();
        event = next(until);
      }
      if (event === undefined) {
        return false;
      }
      for (let quiet = true; quiet && event !== undefined; event = quiet ? next(until) : undefined) {
        now = event.instant;
        stirred = !event.quiet;
        event.action?.();
        quiet = !stirred;
      }
      await settled();
      return true;
    },
    passTo: (instant) => {
      now = Math.max(now, instant);
    },
  };
};
