/** Items in order, found by binary search. Insertion moves pointers in one block: fast enough for 100,000 items. */
export type SortedList<T> = {
  readonly add: (item: T) => void;
  readonly remove: (item: T) => void;
  /** Up to `limit` items below `probe` (all, without one), the last first. */
  readonly below: (probe: T | undefined, limit: number) => readonly T[];
  /** Up to `limit` items above `probe` (all, without one), the first first. */
  readonly above: (probe: T | undefined, limit: number) => readonly T[];
  readonly first: (limit: number) => readonly T[];
};

export const createSortedList = <T>(compare: (a: T, b: T) => number): SortedList<T> => {
  const items: T[] = [];
  const position = (item: T): number => {
    let [low, high] = [0, items.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = items[middle];
      if (at !== undefined && compare(at, item) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  const holds = (item: T, at: number): boolean => {
    const found = items[at];
    return found !== undefined && compare(found, item) === 0;
  };
  return {
    add: (item) => {
      const at = position(item);
      if (!holds(item, at)) {
        items.splice(at, 0, item);
      }
    },
    remove: (item) => {
      const at = position(item);
      if (holds(item, at)) {
        items.splice(at, 1);
      }
    },
    below: (probe, limit) => {
      const end = probe === undefined ? items.length : position(probe);
      return items.slice(Math.max(0, end - limit), end).reverse();
    },
    above: (probe, limit) => {
      const at = probe === undefined ? 0 : position(probe);
      const begin = probe !== undefined && holds(probe, at) ? at + 1 : at;
      return items.slice(begin, begin + limit);
    },
    first: (limit) => items.slice(0, limit),
  };
};
