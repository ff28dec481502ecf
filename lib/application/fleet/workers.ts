import { isDeepStrictEqual } from 'node:util';
import { servesPool } from '../../domain/identity/access.ts';
import type { Session } from '../../domain/session.ts';
import type { Ports, WorkerRow } from '../ports/index.ts';
import { inGroups } from './in-groups.ts';
import { viewWorker, whileLive } from './worker-view.ts';
import { MAX_LISTED_WORKERS, type WorkerPatch, type Workers, type WorkerView } from './workers-api.ts';

/** A row changes only so often; a caller that lost this many races is told of a fault instead of spinning. */
const RACES = 10;
/** Sessions read at a time: a list of 1,000 workers must not open 1,000 requests at once. */
const SESSIONS_AT_A_TIME = 50;
/** A heartbeat that says nothing new is written this seldom: three of them fit into the 90 s after which a worker is silent. */
const HEARTBEAT_WRITTEN_MS = 25_000;

const withoutSession = ({ session: _, ...row }: WorkerRow): WorkerRow => row;

/** The categories that a worker's metadata names. */
const categoriesOf = (metadata: string): readonly string[] | undefined =>
  (JSON.parse(metadata) as { readonly tasks?: readonly string[] }).tasks;

/** Names may be this long; one that is taken gets so much behind it. */
const MAX_NAME = 128;
const SUFFIX = 9;

/** What a person sets goes before what the worker says of itself from then on. */
const patched = (row: WorkerRow, { tags, ...patch }: WorkerPatch, now: number): WorkerRow => ({
  ...row,
  ...patch,
  ...(tags === undefined ? {} : { tags, tagsSet: true }),
  updatedAt: now,
});

const MAX_ID = 128;
const DEFAULT_POOL = 'default';

/** It never asked for work: for which pool it is going to, nobody knows. */
const isUnclaimed = ({ capacity }: WorkerRow): boolean => capacity === undefined;
/** Rule X4: a worker's row is its pool's from its first `hello` or poll on, until a person removes it. */
const isOf = (row: WorkerRow, pools: readonly string[]): boolean =>
  isUnclaimed(row) ? pools.length > 0 : servesPool(pools, row.pool);
const homeOf = (pools: readonly string[]): string =>
  servesPool(pools, DEFAULT_POOL) ? DEFAULT_POOL : (pools[0] ?? DEFAULT_POOL);
/** What a worker is registered as whose id another pool's has. */
const idWithin = (pool: string, id: string): string => `${id.slice(0, MAX_ID - 1 - pool.length)}.${pool}`;

type Found = { readonly row: WorkerRow; readonly session: Awaited<ReturnType<Ports['sessions']['get']>> };

export const createWorkers = (ports: Ports): Workers => {
  const { workers, sessions, sockets, now, token } = ports;

  const sessionOf = (row: WorkerRow, reading: 'consistent' | 'eventual') =>
    row.session === undefined ? Promise.resolve(undefined) : sessions.get(row.session, reading);

  const find = async (id: string): Promise<Found | undefined> => {
    const row = await workers.get(id);
    return row === undefined || row.deletedAt !== undefined
      ? undefined
      : { row, session: await sessionOf(row, 'consistent') };
  };

  const view = ({ row, session }: Found): WorkerView => viewWorker(row, session, now());

  const blank = (id: string, name: string): WorkerRow => ({
    ...{ id, name, description: '', active: true, metadata: '{}', pool: DEFAULT_POOL, handlers: [], tags: [] },
    ...{ enabled: true, version: 1, createdAt: now(), updatedAt: now() },
  });

  /** Reads, decides, writes; again when somebody else wrote in between. */
  const change = async (
    id: string,
    decide: (found: Found) => WorkerRow | undefined,
  ): Promise<Found | 'not_found' | 'name_taken'> => {
    for (let race = 0; race < RACES; race += 1) {
      const found = await find(id);
      if (found === undefined) {
        return 'not_found';
      }
      const decided = decide(found);
      if (decided === undefined) {
        return found;
      }
      const row = { ...decided, version: found.row.version + 1 };
      const written = await workers.write(found.row, row);
      if (written === 'done') {
        return { row, session: found.session };
      }
      if (written === 'name_taken') {
        return 'name_taken';
      }
    }
    throw new Error(`Worker ${id} changed ${RACES} times while it was being changed`);
  };

  /** The row of a worker that says that it is there: made where there is none, and anew where it was removed. */
  const enter = async (
    id: string,
    name: string,
    decide: (found: Found) => WorkerRow | undefined,
  ): Promise<Found | undefined> => {
    let called = name;
    for (let race = 0; race < RACES; race += 1) {
      const before = await workers.get(id);
      const isNew = before === undefined || before.deletedAt !== undefined;
      const found: Found = isNew
        ? { row: blank(id, called), session: undefined }
        : { row: before, session: await sessionOf(before, 'consistent') };
      const decided = decide(found) ?? (isNew ? found.row : undefined);
      if (decided === undefined) {
        return found;
      }
      const row = { ...decided, version: (before?.version ?? 0) + 1 };
      const written = before === undefined ? await workers.create(row) : await workers.write(before, row);
      if (written === 'created' || written === 'done') {
        return { row, session: found.session };
      }
      if (written === 'name_taken') {
        called = `${name.slice(0, MAX_NAME - SUFFIX)}-${token().slice(0, SUFFIX - 1)}`;
      }
    }
    return undefined;
  };

  /** What a person changed holds at once where the worker is connected; elsewhere its next `hello` is answered with it. */
  const configure = async (
    { session }: Found,
    { maxTasks, tags, enabled, metadata }: WorkerPatch,
  ): Promise<Session | undefined> => {
    const live = whileLive(session, now());
    const categories = metadata === undefined ? undefined : categoriesOf(metadata);
    const settings = {
      ...(maxTasks === undefined ? {} : { maxTasks }),
      ...(tags === undefined ? {} : { tags }),
      ...(enabled === undefined ? {} : { disabled: !enabled }),
      ...(categories === undefined ? {} : { categories }),
    };
    if (live === undefined || Object.keys(settings).length === 0) {
      return session;
    }
    const configured = await sessions.configure(live, settings);
    if (maxTasks !== undefined && configured?.conn !== undefined) {
      await sockets.post(configured.conn, { type: 'configure', session: configured.id, maxTasks });
    }
    return configured;
  };

  return {
    register: async ({ id = crypto.randomUUID(), name, description, active, metadata }) => {
      const row = { ...blank(id, name), description, active, metadata, lastActive: now() };
      const created = await workers.create(row);
      return created === 'created'
        ? { kind: 'registered', worker: viewWorker(row, undefined, now()) }
        : { kind: created };
    },

    list: async ({ deleted }) => {
      const [rows, total] = await Promise.all([workers.list({ deleted, limit: MAX_LISTED_WORKERS }), workers.count()]);
      const found = await inGroups(rows, SESSIONS_AT_A_TIME, async (row) => ({
        row,
        session: await sessionOf(row, 'eventual'),
      }));
      return { workers: found.map(view), total };
    },

    get: async (id) => {
      const found = await find(id);
      return found && view(found);
    },

    change: async (id, patch) => {
      const changed = await change(id, ({ row }) => patched(row, patch, now()));
      if (typeof changed === 'string') {
        return { kind: changed };
      }
      return { kind: 'changed', worker: view({ row: changed.row, session: await configure(changed, patch) }) };
    },

    remove: async (id) => {
      const removed = await change(id, ({ row }) => ({ ...row, deletedAt: now(), updatedAt: now() }));
      return typeof removed === 'string' ? 'not_found' : 'removed';
    },

    ping: async (id, pools) => {
      const pinged = await change(id, ({ row, session }) =>
        isOf(row, pools)
          ? { ...(whileLive(session, now()) ? row : withoutSession(row)), active: true, lastActive: now() }
          : undefined,
      );
      if (typeof pinged === 'string') {
        return 'not_found';
      }
      return isOf(pinged.row, pools) ? view(pinged) : 'foreign';
    },

    heartbeat: async (id, report, pools) => {
      if (pools.length === 0) {
        return 'foreign';
      }
      const heard = await enter(id, id, ({ row, session }) => {
        if (!isOf(row, pools)) {
          return undefined;
        }
        const pool = isUnclaimed(row) ? homeOf(pools) : row.pool;
        const isSeen = whileLive(session, now()) !== undefined;
        const isDue = (row.lastActive ?? 0) + HEARTBEAT_WRITTEN_MS <= now();
        const isNews = (row.session !== undefined && !isSeen) || !isDeepStrictEqual(row.reported, report);
        return isNews || isDue
          ? { ...(isSeen ? row : withoutSession(row)), pool, active: true, lastActive: now(), reported: report }
          : undefined;
      });
      if (heard === undefined) {
        throw new Error(`Worker ${id} changed ${RACES} times while its heartbeat was being stored`);
      }
      return isOf(heard.row, pools) ? view(heard) : 'foreign';
    },

    greet: async (frame, ref) => {
      const note = (id: string) =>
        enter(id, frame.name, ({ row }) =>
          isOf(row, [ref.pool])
            ? {
                ...{ ...row, active: true, lastActive: now(), pool: ref.pool, handlers: frame.handlers },
                ...{ tags: row.tagsSet ? row.tags : frame.tags, capacity: frame.maxTasks, session: ref },
              }
            : undefined,
        );
      const id = frame.worker ?? (await workers.findId(frame.name)) ?? frame.name;
      const first = await note(id);
      const isForeign = first !== undefined && !isOf(first.row, [ref.pool]);
      const met = isForeign ? await note(idWithin(ref.pool, id)) : first;
      if (met === undefined || !isOf(met.row, [ref.pool])) {
        // Many processes of one name at once: each is served, the registry shows the one that came through.
        ports.log.warn('A worker was not noted in the registry: others have its name, or said hello at once', {
          worker: id,
        });
        return {};
      }
      const { maxTasks, tags, tagsSet, metadata, enabled } = met.row;
      const categories = categoriesOf(metadata);
      return {
        ...(maxTasks === undefined ? {} : { maxTasks }),
        ...(tagsSet ? { tags } : {}),
        ...(categories === undefined ? {} : { categories }),
        ...(enabled ? {} : { disabled: true }),
      };
    },
  };
};
