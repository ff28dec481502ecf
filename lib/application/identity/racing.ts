/** A user or key changes only so often; a caller that lost this many races is told of a fault instead of spinning. */
const RACES = 10;

/** Decides anew from the fresh row while somebody else is faster (`changed`). */
export const racing = async <T>(what: string, decide: () => Promise<T | 'changed'>): Promise<T> => {
  for (let race = 0; race < RACES; race += 1) {
    const outcome = await decide();
    if (outcome !== 'changed') {
      return outcome;
    }
  }
  throw new Error(`${what} changed ${RACES} times while it was being changed`);
};
