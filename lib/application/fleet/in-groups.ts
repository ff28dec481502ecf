/** Asks for all items, `size` at a time, and keeps their order. */
export const inGroups = async <T, R>(
  items: readonly T[],
  size: number,
  ask: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const answers: R[] = [];
  for (let begin = 0; begin < items.length; begin += size) {
    answers.push(...(await Promise.all(items.slice(begin, begin + size).map(ask))));
  }
  return answers;
};
