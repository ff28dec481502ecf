/** Every read of a run store, and time: rows, the ready index, lists. The model says what must be seen. */
import { expect } from 'vitest';
import type { ListedStatus, Reading, ReadyEntry } from '../../lib/application/ports/index.ts';
import { runShard } from '../../lib/domain/ids.ts';
import type { Run } from '../../lib/domain/run.ts';
import { isListedAs, readyIn } from './run-model.ts';
import {
  type At,
  type Command,
  command,
  compareException,
  idOf,
  remember,
  shown,
  there,
  type World,
} from './run-world.ts';

/** Time passes. Nothing happens by itself: alarms are clients like others. */
export const wait = (what: { readonly ms: number }): Command =>
  command({
    ...{ name: 'wait', what },
    run: async (model) => {
      model.now += what.ms;
    },
  });

/** A client reads a row that has changed, and works from it until it reads again or wins a write of its own. */
export const read = (what: At & { readonly reading: Reading }): Command =>
  command({
    ...{ name: 'read', what },
    check: (model) => {
      const id = idOf(model, what);
      return model.clients[what.client]?.rows.get(id) !== model.rows.get(id);
    },
    run: async (model, real) => {
      const run = there(await real.runs.get(idOf(model, what), what.reading));
      expect(shown(run)).toEqual(shown(model.rows.get(idOf(model, what))));
      remember(model, real, what.client, run);
      real.met(`read: ${run.status}`);
    },
  });

const asEntry = ({ id, handler, priority, dueAt, attempt, g, fence, readyAt }: Run): ReadyEntry => ({
  ...{ id, handler, queue: handler, priority, dueAt, attempt, g, fence },
  readyAt: there(readyAt),
});

type Head = { readonly handler: string; readonly readyShard: number; readonly limit: number };

const compareHead = async ({ model, real }: World, { handler, readyShard, limit }: Head) => {
  const entries = await real.runs.readyHead({ pool: model.pool, shard: readyShard, queue: handler, limit });
  const rows = readyIn(model.rows.values(), readyShard)
    .filter((row) => row.handler === handler)
    .slice(0, limit);
  expect(entries).toMatchObject(rows.map(asEntry));
  return { entries, rows };
};

/** The head of a handler's ready runs: all that wait there, best first. The client may claim what it saw. */
export const look = (what: Head & { readonly client: number }): Command =>
  command({
    ...{ name: 'look', what },
    check: (model) => [...model.rows.values()].some(({ status }) => status === 'ready'),
    run: async (model, real) => {
      const { entries, rows } = await compareHead({ model, real }, what);
      for (const row of rows) {
        there(model.clients[what.client]).ready.set(row.id, row);
      }
      for (const entry of entries) {
        there(real.clients[what.client]).ready.set(entry.id, entry);
      }
      real.met(`look: ${entries.length === 0 ? 'nothing' : entries.length === 1 ? 'one' : 'several'}`);
    },
  });

export type List = 'all' | { readonly handler: string } | { readonly status: ListedStatus };
type Page = (slice: {
  readonly shard: number;
  readonly before?: string;
  readonly limit: number;
}) => Promise<readonly string[]>;

const pageOf = ({ model, real: { runs } }: World, list: List): Page => {
  if (list === 'all') {
    return async (slice) => {
      const found = await runs.newest({ ...slice, family: 'plain' });
      const ours = found.filter(({ id }) => model.ids.includes(id));
      expect(ours.map(shown)).toEqual(ours.map(({ id }) => shown(model.rows.get(id))));
      return found.map(({ id }) => id);
    };
  }
  return 'handler' in list
    ? (slice) => runs.newestIdsOfOrigin({ ...slice, family: 'plain', origin: list.handler })
    : (slice) => runs.newestIdsOfStatus({ ...slice, family: 'plain', status: list.status });
};

const isIn = (row: Run, list: List): boolean => {
  if (list === 'all') {
    return true;
  }
  return 'handler' in list ? row.handler === list.handler : isListedAs(row, list.status);
};

const newestFirst = (a: { readonly id: string }, b: { readonly id: string }): number => Number(b.id) - Number(a.id);

/** The ids of a list from the newest to the oldest of the world's runs: an empty page is its end. */
const leafThrough = async (page: Page, shard: number, oldest: number, limit: number): Promise<readonly string[]> => {
  const found: string[] = [];
  for (let before: string | undefined; ; before = found.at(-1)) {
    const ids = await page({ shard, limit, ...(before !== undefined && { before }) });
    found.push(...ids);
    if (ids.length === 0 || ids.some((id) => Number(id) < oldest)) {
      // Those below are of worlds before.
      return found.filter((id) => Number(id) >= oldest);
    }
  }
};

const compareList = async (world: World, shard: number, list: List, limit: number): Promise<void> => {
  const { model } = world;
  const oldest = Math.min(...model.ids.map(Number));
  const rows = [...model.rows.values()].filter((row) => runShard(row.id) === shard && isIn(row, list));
  const ids = await leafThrough(pageOf(world, list), shard, oldest, limit);
  expect(ids).toEqual(rows.toSorted(newestFirst).map(({ id }) => id));
};

/** A list of the shard in which a run lies, page by page. */
export const browse = (what: { readonly run: number; readonly list: List; readonly limit: number }): Command =>
  command({
    ...{ name: 'browse', what },
    run: (model, real) => compareList({ model, real }, runShard(idOf(model, what)), what.list, what.limit),
  });

/** All that a store shows of the world. */
export const compareAll = async (
  world: World,
  places: {
    readonly lists: readonly List[];
    readonly handlers: readonly string[];
    readonly readyShards: readonly number[];
  },
): Promise<void> => {
  const { model, real } = world;
  const { pool, ids } = model;
  const limit = ids.length + 1;
  const compareRows = async (): Promise<void> => {
    const rows = await real.runs.getMany(ids);
    expect(rows.toSorted(newestFirst).map(shown)).toEqual([...model.rows.values()].toSorted(newestFirst).map(shown));
  };
  const compareReady = async (shard: number): Promise<void> => {
    const found = await real.runs.readyIds({ pool, shard, limit });
    expect(new Set(found)).toEqual(new Set(readyIn(model.rows.values(), shard).map(({ id }) => id)));
  };
  const shards = [...new Set(ids.map(runShard))];
  await Promise.all([
    compareRows(),
    ...ids.map((id) => compareException(model, real, `run:${id}`)),
    ...places.readyShards.flatMap((readyShard) => [
      compareReady(readyShard),
      ...places.handlers.map((handler) => compareHead(world, { handler, readyShard, limit })),
    ]),
    ...shards.flatMap((shard) => places.lists.map((list) => compareList(world, shard, list, limit))),
  ]);
};
