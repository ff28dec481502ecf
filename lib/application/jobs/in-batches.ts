/** Calls at a time that one request makes: sockets to AWS are few, and a throttled partition only gets worse by more. */
const AT_ONCE = 10;

/** Does the same to each, a few at a time, in order. */
export const inBatches = async <T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<readonly R[]> => {
  const done: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    done.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(each))));
  }
  return done;
};
