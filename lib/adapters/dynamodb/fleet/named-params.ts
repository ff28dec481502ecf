/** What is sent to DynamoDB for workers, categories and flows: rows with a name that is unique among those not deleted. Pure. */
import { type Actions, addItem } from '../actions.ts';
import type { Item } from '../conditional.ts';
import type { Key } from '../keys.ts';
import { addTo, nameActions, replaceRow } from '../versioned.ts';

export type NamedRow = { readonly id: string; readonly version: number; readonly deletedAt?: number };

/** How one kind of them is stored. */
export type Naming<T extends NamedRow> = {
  readonly keyOf: (id: string) => Key;
  readonly nameKey: (name: string) => Key;
  readonly nameOf: (row: T) => string;
  /** Where it stands in its list. */
  readonly placeOf: (row: T) => string;
  /** Those that are deleted may be in none. */
  readonly lists: { readonly living: string; readonly deleted?: string };
  readonly count: Key;
};

const isKept = (row: NamedRow | undefined): boolean => row !== undefined && row.deletedAt === undefined;

const encodeFields = <T extends NamedRow>(naming: Naming<T>, row: T): Item => ({
  ...row,
  list: isKept(row) ? naming.lists.living : naming.lists.deleted,
  place: naming.placeOf(row),
});

export const decodeNamed = <T extends NamedRow>(item: Item | undefined): T | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, op: _op, list: _list, place: _place, ...row } = item;
  return row as T;
};

const besideActions = <T extends NamedRow>(
  naming: Naming<T>,
  before: T | undefined,
  after: T,
  tableName: string,
): Actions => {
  const nameKey = (row: T | undefined): Key | undefined =>
    row !== undefined && isKept(row) ? naming.nameKey(naming.nameOf(row)) : undefined;
  const count = (isKept(after) ? 1 : 0) - (isKept(before) ? 1 : 0);
  return {
    ...nameActions(tableName, after.id, nameKey(before), nameKey(after)),
    ...(count !== 0 && { count: addTo(tableName, naming.count, { count }) }),
  };
};

export const createNamedActions = <T extends NamedRow>(
  naming: Naming<T>,
  row: T,
  op: string,
  tableName: string,
  also: Actions = {},
): Actions => ({
  row: addItem(tableName, { ...encodeFields(naming, row), ...naming.keyOf(row.id), op }),
  ...besideActions(naming, undefined, row, tableName),
  ...also,
});

/** A heartbeat changes the row alone, and in it nothing that an index is made of. */
export const writeNamedActions = <T extends NamedRow>(
  naming: Naming<T>,
  before: T,
  after: T,
  op: string,
  tableName: string,
  also: Actions = {},
): Actions => {
  const [old, current] = [encodeFields(naming, before), encodeFields(naming, after)];
  const change = { before: old, after: current, seen: before.version, op };
  return {
    row: replaceRow(tableName, naming.keyOf(after.id), change),
    ...besideActions(naming, before, after, tableName),
    ...also,
  };
};
