import type { FlowRow, FlowVersion } from '../../domain/flow/flow.ts';
import { isPlainId, makeRunId, RUN_SHARDS } from '../../domain/ids.ts';
import { rehearse } from '../../domain/saga/rehearse.ts';
import { isSagaEnded, SAGA_STATUSES } from '../../domain/saga/saga.ts';
import { type Ports, sagasOf } from '../ports/index.ts';
import type { FlowChange, FlowRefused, Flows, FlowView, ReadDefinition } from './api.ts';
import { createLoadFlow, type LoadTools } from './load-flow.ts';

/** Draws of an id before we give up: each collides with a chance of 1 in 4,096 per flow of the same millisecond. */
const ID_DRAWS = 8;
/** A flow changes only so often; a caller that lost this many races is told of a fault instead of spinning. */
const RACES = 10;
/** Rows read at a time on the way to an offset. */
const BATCH = 200;
/** Newest transactions of each shard that a deletion looks at: the counters may lag by some seconds. */
const NEWEST = 20;

const UNENDED = SAGA_STATUSES.filter((status) => !isSagaEnded({ status }));

type FlowTools = LoadTools & { readonly readDefinition: (definition: unknown) => ReadDefinition };
type FlowPorts = Pick<Ports, 'flows' | 'now' | 'chance'> & {
  readonly sagas: Pick<Ports['sagas'], 'newest'>;
  readonly counts: Pick<Ports['counts'], 'read'>;
};
/** What a change makes of a row, with a further version of the definition or without. */
type Changed = { readonly after: FlowRow; readonly version?: FlowVersion };
type Written = { readonly kind: 'changed'; readonly row: FlowRow } | FlowRefused;

const NOT_FOUND = { kind: 'not_found' } as const;

export const createFlows = (ports: FlowPorts, tools: FlowTools): Flows => {
  const { flows: store, sagas, counts, now, chance } = ports;
  const { readDefinition } = tools;
  const load = createLoadFlow(ports, tools);

  const find = async (id: string): Promise<FlowRow | undefined> => {
    const row = isPlainId(id) ? await store.get(id) : undefined;
    return row?.deletedAt === undefined ? row : undefined;
  };

  const viewOf = (flow: FlowRow, shown: number, definition: string): FlowView => ({
    ...{ flow, shown, definition },
    warnings: readDefinition(definition).warnings,
  });

  const viewVersion = async (flow: FlowRow, shown: number): Promise<FlowView | undefined> => {
    const found = await store.getVersion(flow.id, shown);
    return found === undefined ? undefined : viewOf(flow, shown, found.definition);
  };

  /** Loads, changes, writes; again where somebody else was faster. */
  const write = async (id: string, change: (before: FlowRow, at: number) => Promise<Changed>): Promise<Written> => {
    for (let race = 0; race < RACES; race += 1) {
      const before = await find(id);
      if (before === undefined) {
        return NOT_FOUND;
      }
      const at = now();
      const { after, version } = await change(before, at);
      const row = { ...after, version: before.version + 1, updatedAt: at };
      const written = await store.write(before, row, version);
      if (written !== 'changed') {
        return written === 'done' ? { kind: 'changed', row } : { kind: written };
      }
    }
    throw new Error(`Flow ${id} changed ${RACES} times while it was being changed`);
  };

  /** The same text makes no new version: whoever repeats a request meets the first. */
  const applied = async (before: FlowRow, { definition, ...fields }: FlowChange, at: number): Promise<Changed> => {
    const after = { ...before, ...fields };
    const current = definition === undefined ? undefined : await store.getVersion(before.id, before.latest);
    if (definition === undefined || definition === current?.definition) {
      return { after };
    }
    const latest = before.latest + 1;
    return {
      after: { ...after, latest },
      version: { flow: before.id, version: latest, definition, createdAt: at },
    };
  };

  /** A failed transaction counts: a person may still go on with it. */
  const isUsed = async (id: string): Promise<boolean> => {
    const sums = await counts.read(sagasOf(id));
    const standing = UNENDED.map((status) => (sums[status] ?? 0) - (sums[`expired_${status}`] ?? 0));
    if (standing.some((count) => count > 0)) {
      return true;
    }
    const shards = await Promise.all(
      Array.from({ length: RUN_SHARDS }, (_, shard) => sagas.newest({ shard, limit: NEWEST, flow: id })),
    );
    return shards.flat().some((saga) => !isSagaEnded(saga));
  };

  return {
    create: async ({ definition, createUser, ...fields }) => {
      const { problems } = readDefinition(definition);
      if (problems.length > 0) {
        return { kind: 'invalid', problems };
      }
      const at = now();
      for (let draw = 0; draw < ID_DRAWS; draw += 1) {
        const flow: FlowRow = {
          ...{ id: makeRunId(at, chance()), ...fields, createUser, updatedUser: createUser },
          ...{ active: true, latest: 1, createdAt: at, updatedAt: at, version: 1 },
        };
        const created = await store.create(flow, { flow: flow.id, version: 1, definition, createdAt: at });
        if (created !== 'exists') {
          return created === 'created' ? { kind: 'created', view: viewOf(flow, 1, definition) } : { kind: created };
        }
      }
      throw new Error(`No free flow id in ${ID_DRAWS} draws`);
    },
    get: async (id, version) => {
      const flow = await find(id);
      return flow === undefined ? undefined : viewVersion(flow, version ?? flow.latest);
    },
    change: async (id, change) => {
      const problems = change.definition === undefined ? [] : readDefinition(change.definition).problems;
      if (problems.length > 0) {
        return (await find(id)) === undefined ? NOT_FOUND : { kind: 'invalid', problems };
      }
      const written = await write(id, (before, at) => applied(before, change, at));
      if (written.kind !== 'changed') {
        return written;
      }
      const view = await viewVersion(written.row, written.row.latest);
      return view === undefined ? NOT_FOUND : { kind: 'changed', view };
    },
    setActive: async (id, active, by) => {
      const written = await write(id, async (before) => ({
        after: { ...before, active, ...(by === undefined ? {} : { updatedUser: by }) },
      }));
      return written.kind === 'changed' ? written.row : undefined;
    },
    remove: async (id) => {
      if ((await find(id)) === undefined) {
        return 'not_found';
      }
      if (await isUsed(id)) {
        return 'in_use';
      }
      // One that starts meanwhile goes on: the versions stay.
      const written = await write(id, async (before, at) => ({ after: { ...before, deletedAt: at } }));
      return written.kind === 'changed' ? 'removed' : 'not_found';
    },
    list: async ({ offset, limit }) => {
      const rows: FlowRow[] = [];
      let isWhole = false;
      while (!isWhole && rows.length < offset + limit) {
        const after = rows.at(-1)?.id;
        const batch = await store.list({ limit: BATCH, ...(after === undefined ? {} : { after }) });
        rows.push(...batch);
        isWhole = batch.length < BATCH;
      }
      return {
        rows: rows.slice(offset, offset + limit),
        total: isWhole ? rows.length : Math.max(rows.length, await store.count()),
        partial: false,
      };
    },
    rehearse: async (id, version) => {
      const row = await find(id);
      const flow = row === undefined ? undefined : await load(id, version ?? row.latest);
      return flow === undefined ? undefined : { flow: flow.id, version: flow.version, scenarios: rehearse(flow) };
    },
    load,
  };
};
