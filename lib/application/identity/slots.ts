/**
 * Requests of one instance that work on passwords at once. A slot is taken before a try is counted: of a hundred people who
 * log in at the same moment those without a slot are told to come again, instead of being counted as failing.
 */
const AT_ONCE = 4;

export type Slots = <T>(work: () => Promise<T>) => Promise<T | 'busy'>;

export const createSlots = (): Slots => {
  let taken = 0;
  return async (work) => {
    if (taken >= AT_ONCE) {
      return 'busy';
    }
    taken += 1;
    try {
      return await work();
    } finally {
      taken -= 1;
    }
  };
};
