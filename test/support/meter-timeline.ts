/**
 * Virtual time: what happens when is said in advance, and happens one after the other, as fast as the machine goes. So 100
 * seconds of load at 10 runs/s take as long as their requests do, and every delay is exact.
 */
export type Timeline = {
  /** Epoch milliseconds of the present event. */
  readonly now: () => number;
  readonly at: (instant: number, work: () => Promise<void>) => void;
  /** Lets everything happen that is due until then, and what follows from it. */
  readonly runUntil: (instant: number) => Promise<void>;
};

type Event = { readonly at: number; readonly order: number; readonly work: () => Promise<void> };

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export const createTimeline = (startAt: number): Timeline => {
  // Sorted, the next event last. The list is short: alarms in hand, one arrival, one end for each slot.
  const events: Event[] = [];
  let present = startAt;
  let made = 0;
  return {
    now: () => present,
    at: (instant, work) => {
      made += 1;
      const event = { at: Math.max(instant, present), order: made, work };
      const place = events.findLastIndex((other) => isBefore(event, other));
      events.splice(place + 1, 0, event);
    },
    runUntil: async (instant) => {
      for (let event = events.at(-1); event !== undefined && event.at <= instant; event = events.at(-1)) {
        events.pop();
        present = event.at;
        await event.work();
      }
      present = Math.max(present, instant);
    },
  };
};
