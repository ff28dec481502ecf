/** Rows with a name that is unique among those not deleted: workers, categories and flows. */
type Row = { readonly id: string; readonly version: number; readonly deletedAt?: number };

export const createNamedRows = <T extends Row>(nameOf: (row: T) => string, orderOf: (row: T) => string) => {
  const rows = new Map<string, T>();
  const names = new Map<string, string>();

  const isTaken = (row: T): boolean => {
    const holder = row.deletedAt === undefined ? names.get(nameOf(row)) : undefined;
    return holder !== undefined && holder !== row.id;
  };
  const put = (before: T | undefined, after: T): void => {
    if (before !== undefined && before.deletedAt === undefined) {
      names.delete(nameOf(before));
    }
    if (after.deletedAt === undefined) {
      names.set(nameOf(after), after.id);
    }
    rows.set(after.id, after);
  };
  const compare = (a: T, b: T): number =>
    Buffer.compare(Buffer.from(orderOf(a)), Buffer.from(orderOf(b))) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

  return {
    create: (row: T): 'created' | 'exists' | 'taken' => {
      if (rows.has(row.id)) {
        return 'exists';
      }
      if (isTaken(row)) {
        return 'taken';
      }
      put(undefined, row);
      return 'created';
    },
    get: (id: string): T | undefined => rows.get(id),
    findId: (name: string): string | undefined => names.get(name),
    write: (before: T, after: T): 'done' | 'changed' | 'taken' => {
      const row = rows.get(before.id);
      if (row?.version !== before.version) {
        return 'changed';
      }
      if (isTaken(after)) {
        return 'taken';
      }
      put(row, after);
      return 'done';
    },
    list: (query: {
      readonly deleted: boolean;
      readonly descending?: boolean;
      readonly after?: string;
      readonly limit: number;
    }): readonly T[] => {
      const last = query.after === undefined ? undefined : rows.get(query.after);
      if (query.after !== undefined && last === undefined) {
        return [];
      }
      const sign = query.descending ? -1 : 1;
      return [...rows.values()]
        .filter((row) => (row.deletedAt !== undefined) === query.deleted)
        .sort((a, b) => sign * compare(a, b))
        .filter((row) => last === undefined || sign * compare(row, last) > 0)
        .slice(0, query.limit);
    },
    count: (): number => names.size,
  };
};
