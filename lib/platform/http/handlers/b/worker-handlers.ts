/** API B's workers. */
import type { Engine } from '../../../../application/api.ts';
import type { WorkerReport, WorkerView } from '../../../../application/fleet/workers-api.ts';
import type { FleetWorker } from '../../../../contracts/http/b/workers.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { spokenPools } from '../../authorize.ts';
import type { Handlers } from '../../serve.ts';
import { answerWith } from '../c-answers.ts';

export type WorkerDependencies = {
  readonly engine: Pick<Engine, 'workers'>;
  /** Epoch ms. */
  readonly now: () => number;
};

const UNKNOWN_WORKER = { status: 404, error: 'Worker 不存在' } as const;

const systemView = (system: WorkerReport['system']): FleetWorker['system_info'] =>
  system === undefined
    ? null
    : {
        cpu_usage: system.cpuUsage ?? null,
        memory_usage: system.memoryUsage ?? null,
        disk_usage: system.diskUsage ?? null,
      };

const workerView = (worker: WorkerView): FleetWorker => ({
  id: worker.id,
  name: worker.name,
  status: worker.status,
  last_heartbeat: worker.lastHeartbeat === undefined ? null : formatInstant(worker.lastHeartbeat),
  current_tasks: worker.currentTasks,
  max_tasks: worker.maxTasks,
  tags: [...worker.tags],
  enabled: worker.enabled,
  pool: worker.pool,
  executors: [...worker.handlers],
  system_info: systemView(worker.reported?.system),
  created_at: formatInstant(worker.createdAt),
  updated_at: formatInstant(worker.updatedAt),
});

type SystemInfo = {
  readonly cpu_usage?: number | undefined;
  readonly memory_usage?: number | undefined;
  readonly disk_usage?: number | undefined;
};

const systemOf = ({ cpu_usage, memory_usage, disk_usage }: SystemInfo): NonNullable<WorkerReport['system']> => ({
  ...(cpu_usage === undefined ? {} : { cpuUsage: cpu_usage }),
  ...(memory_usage === undefined ? {} : { memoryUsage: memory_usage }),
  ...(disk_usage === undefined ? {} : { diskUsage: disk_usage }),
});

export const workerHandlers = ({
  engine: { workers },
  now,
}: WorkerDependencies): Pick<Handlers, 'listWorkers' | 'getWorker' | 'updateWorker' | 'heartbeatWorker'> => ({
  listWorkers: async () => {
    const listed = await workers.list({ deleted: false });
    return {
      ...answerWith(200, '获取成功', listed.workers.map(workerView), now()),
      headers: { 'x-total-count': String(listed.total) },
    };
  },

  getWorker: async ({ params }) => {
    const worker = await workers.get(params.id);
    return worker === undefined ? UNKNOWN_WORKER : answerWith(200, '获取成功', workerView(worker), now());
  },

  updateWorker: async ({ params, body: { max_tasks, tags, enabled } }) => {
    const changed = await workers.change(params.id, {
      ...(max_tasks === undefined ? {} : { maxTasks: max_tasks }),
      ...(tags === undefined ? {} : { tags }),
      ...(enabled === undefined ? {} : { enabled }),
    });
    return changed.kind === 'changed' ? answerWith(200, '更新成功', workerView(changed.worker), now()) : UNKNOWN_WORKER;
  },

  heartbeatWorker: async ({ params, body: { status, current_tasks, system_info } }, { principal }) => {
    const report: WorkerReport = {
      status,
      currentTasks: current_tasks,
      ...(system_info === undefined ? {} : { system: systemOf(system_info) }),
    };
    const worker = await workers.heartbeat(params.id, report, spokenPools(principal));
    if (worker === 'foreign') {
      return { status: 403, error: '权限不足: 该密钥不能用于此 Worker 的 pool' };
    }
    return answerWith(200, '心跳成功', workerView(worker), now());
  },
});
