/** Rows whose optional fields are absent rather than undefined. */

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

export const pickDefined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;

export const without = <T extends object, K extends keyof T>(row: T, ...keys: readonly K[]): Omit<T, K> =>
  Object.fromEntries(Object.entries(row).filter(([key]) => !(keys as readonly PropertyKey[]).includes(key))) as Omit<
    T,
    K
  >;

const sorted = (_key: string, part: unknown): unknown =>
  part !== null && typeof part === 'object' && !Array.isArray(part)
    ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : part;

/** Whether two values of JSON say the same, however their keys are ordered. */
export const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a, sorted) === JSON.stringify(b, sorted);
