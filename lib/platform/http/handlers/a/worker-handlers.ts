/** API A's workers. */
import type { Engine } from '../../../../application/api.ts';
import type { WorkerPatch, WorkerView } from '../../../../application/fleet/workers-api.ts';
import type { Caller } from '../../../../application/identity/api.ts';
import { EXISTS, FOREIGN_POOL, NOT_FOUND, type Order } from '../../../../contracts/http/a/inputs.ts';
import type { RegisteredWorker } from '../../../../contracts/http/a/workers.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { spokenPools } from '../../authorize.ts';
import type { Handlers } from '../../serve.ts';

const UNKNOWN = { status: 404, error: NOT_FOUND } as const;
const TAKEN = { status: 409, error: EXISTS } as const;

const FOREIGN = { status: 403, error: FOREIGN_POOL } as const;

const ok = <const S extends 200 | 201, D>(status: S, data: D) => ({
  status,
  body: { code: 0, message: 'ok', data } as const,
});

/** As a client sent it; of a worker that named no categories there, those that it says that it serves. */
const metadataView = ({ metadata, categories }: WorkerView): RegisteredWorker['metadata'] => {
  const kept = JSON.parse(metadata) as RegisteredWorker['metadata'];
  return categories === undefined ? kept : { tasks: [...categories], ...kept };
};

const workerView = (worker: WorkerView): RegisteredWorker => ({
  id: worker.id,
  name: worker.name,
  description: worker.description,
  is_active: worker.active,
  last_active: worker.lastHeartbeat === undefined ? null : formatInstant(worker.lastHeartbeat),
  metadata: metadataView(worker),
  created_at: formatInstant(worker.createdAt),
  updated_at: formatInstant(worker.updatedAt),
  deleted: worker.deletedAt !== undefined,
});

type OrderField = 'name' | 'created_at' | 'updated_at' | 'last_active';
const VALUE: Readonly<Record<OrderField, (worker: WorkerView) => string | number>> = {
  name: ({ name }) => name,
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt,
  last_active: ({ lastHeartbeat }) => lastHeartbeat ?? 0,
};

const compareBy =
  (orders: readonly Order<OrderField>[]) =>
  (a: WorkerView, b: WorkerView): number => {
    for (const { field, descending } of orders) {
      const [first, second] = [VALUE[field](a), VALUE[field](b)];
      if (first !== second) {
        return (first < second ? -1 : 1) * (descending ? -1 : 1);
      }
    }
    return 0;
  };

const contains = (text: string, part: string | undefined): boolean =>
  part === undefined || text.toLowerCase().includes(part.toLowerCase());
const equals = <T>(value: T, wanted: T | undefined): boolean => wanted === undefined || value === wanted;

export const registeredWorkerHandlers = ({
  engine: { workers },
}: {
  readonly engine: Pick<Engine, 'workers'>;
}): Pick<
  Handlers,
  | 'registerWorker'
  | 'listRegisteredWorkers'
  | 'getRegisteredWorker'
  | 'updateRegisteredWorker'
  | 'deleteRegisteredWorker'
  | 'pingWorker'
  | 'pingWorkerByPut'
> => {
  const ping = async ({ params }: { readonly params: { readonly id: string } }, { principal }: Caller) => {
    const worker = await workers.ping(params.id, spokenPools(principal));
    switch (worker) {
      case 'not_found':
        return UNKNOWN;
      case 'foreign':
        return FOREIGN;
      default:
        return ok(200, { message: 'pong' as const, worker: workerView(worker) });
    }
  };

  return {
    registerWorker: async ({ body: { id, name, description, is_active, metadata } }) => {
      const registered = await workers.register({
        ...(id === undefined ? {} : { id }),
        ...{ name, description, active: is_active, metadata: JSON.stringify(metadata) },
      });
      return registered.kind === 'registered' ? ok(201, workerView(registered.worker)) : TAKEN;
    },

    listRegisteredWorkers: async ({ query }) => {
      const { page, page_size } = query;
      const listed = await workers.list({ deleted: query.deleted ?? false });
      const matching = listed.workers.filter(
        ({ id, name, description, active }) =>
          equals(id, query.id) &&
          equals(name, query.name) &&
          equals(active, query.is_active) &&
          contains(name, query.name__contains) &&
          (contains(name, query.search) || contains(description, query.search)),
      );
      const results = matching
        .toSorted(compareBy(query.ordering))
        .slice((page - 1) * page_size, page * page_size)
        .map(workerView);
      return ok(200, { page, page_size, count: matching.length, results });
    },

    getRegisteredWorker: async ({ params }) => {
      const worker = await workers.get(params.id);
      return worker === undefined ? UNKNOWN : ok(200, workerView(worker));
    },

    updateRegisteredWorker: async ({ params, body: { name, description, is_active, metadata } }) => {
      const patch: WorkerPatch = {
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        ...(is_active === undefined ? {} : { active: is_active }),
        ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
      };
      const changed = await workers.change(params.id, patch);
      switch (changed.kind) {
        case 'changed':
          return ok(200, workerView(changed.worker));
        case 'not_found':
          return UNKNOWN;
        case 'name_taken':
          return TAKEN;
      }
    },

    deleteRegisteredWorker: async ({ params }) =>
      (await workers.remove(params.id)) === 'removed' ? ok(200, { message: '工作节点删除成功' as const }) : UNKNOWN,

    pingWorker: ping,
    pingWorkerByPut: ping,
  };
};
