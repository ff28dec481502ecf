/** API D's list: filters, a page by offset or cursor, and a size that fits an answer. */
import type { Engine, ListInput } from '../../../application/api.ts';
import { MAX_TASK_TYPE_LENGTH } from '../../../contracts/http/task.ts';
import type { Handlers } from '../serve.ts';
import { fitting } from './fitting.ts';
import { runStatusesOf, taskView } from './task-view.ts';

/** The engine's filters, or nothing when no task can match them. */
const filtersOf = (
  status: string | undefined,
  taskType: string | undefined,
): Pick<ListInput, 'families' | 'statuses' | 'handler'> | undefined => {
  const statuses = status === undefined ? undefined : runStatusesOf(status);
  if (statuses?.length === 0 || [...(taskType ?? '')].length > MAX_TASK_TYPE_LENGTH) {
    return undefined;
  }
  return {
    // The ids of this API are numbers, which the runs of jobs have none of.
    families: ['plain'],
    ...(statuses === undefined ? {} : { statuses }),
    ...(taskType === undefined ? {} : { handler: taskType }),
  };
};

export const createListTasks =
  (engine: Pick<Engine, 'listRuns'>): Handlers['listTasks'] =>
  async ({ query }) => {
    const filters = filtersOf(query.status, query.task_type);
    if (filters === undefined) {
      return { status: 200, body: { tasks: [], total: 0 } };
    }
    const from = query.cursor === undefined ? { offset: query.offset } : { cursor: query.cursor };
    const page = await fitting(
      query.limit,
      (limit) => engine.listRuns({ ...filters, from, limit }),
      ({ runs }) => runs.map(taskView),
    );
    if (page.kind === 'bad_cursor') {
      return { status: 400, error: 'Invalid cursor parameter' };
    }
    const { total, cursor, partial } = page.of;
    return {
      status: 200,
      body: {
        tasks: [...page.items],
        total,
        ...(cursor === undefined ? {} : { next_cursor: cursor }),
        ...(partial ? { partial: true } : {}),
      },
    };
  };
