/** API A's commands on many tasks. */
import type { Engine } from '../../../../application/api.ts';
import type { Caller } from '../../../../application/identity/api.ts';
import { KEY_REUSED, MOST_IN_BULK, NOT_FOUND } from '../../../../contracts/http/a/inputs.ts';
import type { BulkTasks } from '../../../../contracts/http/a/task-inputs.ts';
import type { AuditDraft } from '../../../../domain/identity/audit.ts';
import { IN_FLIGHT, type RunStatus } from '../../../../domain/run.ts';
import type { createFindTasks, FindTasksEngine } from './find-tasks.ts';

export type BulkTasksDependencies = {
  readonly engine: FindTasksEngine & Pick<Engine, 'cancelRun' | 'retryRun'>;
  /** Appends to the audit log. */
  readonly record: (draft: AuditDraft) => Promise<void>;
  /** Epoch ms. */
  readonly now: () => number;
};

/** Those that a command means when no status is named. */
const MEANT: Readonly<Record<BulkTasks['action'], readonly RunStatus[]>> = {
  cancel: ['scheduled', 'ready', ...IN_FLIGHT],
  retry: ['failed', 'timed_out'],
};

/** Commands at a time: each is a few requests to the store. */
const AT_ONCE = 10;

const REASONS = {
  not_found: NOT_FOUND,
  already_ended: '任务已结束',
  not_ended: '任务尚未结束',
  key_reused: KEY_REUSED,
  busy: '同一定时任务的另一个任务尚未结束, 并发策略 forbid 不允许同时运行',
  disabled: '定时任务已禁用或已删除',
} as const;

const NEWEST_FIRST = [{ field: 'created_at', descending: true }] as const;

type Bulk = {
  readonly changed: number;
  readonly failed: { readonly id: string; readonly reason: string }[];
  readonly next_cursor?: string;
};

export const createBulkTasks = (
  { engine, record, now }: BulkTasksDependencies,
  find: ReturnType<typeof createFindTasks>['find'],
) => {
  const act = async (action: BulkTasks['action'], id: string): Promise<keyof typeof REASONS | undefined> => {
    const { kind } = action === 'cancel' ? await engine.cancelRun(id) : await engine.retryRun(id);
    return kind === 'cancelled' || kind === 'created' || kind === 'replayed' ? undefined : kind;
  };

  const actOnAll = async (action: BulkTasks['action'], ids: readonly string[]): Promise<Bulk> => {
    const failed: { readonly id: string; readonly reason: string }[] = [];
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const some = ids.slice(from, from + AT_ONCE);
      const refusals = await Promise.all(some.map((id) => act(action, id)));
      failed.push(
        ...some.flatMap((id, index) => {
          const refusal = refusals[index];
          return refusal === undefined ? [] : [{ id, reason: REASONS[refusal] }];
        }),
      );
    }
    return { changed: ids.length - failed.length, failed };
  };

  return async (body: BulkTasks, { principal, address, requestId }: Caller): Promise<Bulk | 'bad_cursor'> => {
    const { action, status, cronjob, project } = body;
    let ids = body.ids;
    let cursor: string | undefined;
    if (ids === undefined) {
      const from = body.cursor === undefined ? { offset: 0 } : { cursor: body.cursor };
      const place = { limit: MOST_IN_BULK, from };
      const page = await find({ status, cronjob, project }, NEWEST_FIRST, place, MEANT[action]);
      if (page.kind === 'bad_cursor') {
        return 'bad_cursor';
      }
      ids = page.runs.map(({ id }) => id);
      cursor = page.cursor;
    }
    if (action === 'cancel' && ids.length > 0) {
      // Before the cancels, and in one entry: nothing is cancelled unrecorded, and the log keeps up.
      await record({
        at: now(),
        actor: principal.id,
        action: 'run.cancel',
        entity: `runs:${ids.length}`,
        address,
        requestId,
        detail: ids.join(' '),
      });
    }
    const done = await actOnAll(action, ids);
    return cursor === undefined ? done : { ...done, next_cursor: cursor };
  };
};
