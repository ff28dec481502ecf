/** API D's list: filters, a page by offset or cursor, and a size that fits an answer. */
import type { Engine, ListInput, ListResult } from '../../../application/api.ts';
import { MAX_TASK_TYPE_LENGTH } from '../../../contracts/http/task.ts';
import type { Handlers } from '../serve.ts';
import { runStatusesOf, taskView } from './task-view.ts';

/**
 * Lambda answers at most 6 MB (6,291,556 bytes), our body being a string inside its JSON: every quote and backslash
 * gains a byte, so half of that is always safe. A page of 100 tasks with 256 KB of payload each would be 25 MB.
 */
const MAX_ANSWER_BYTES = 3 * 1024 * 1024;

/** How many of these fit an answer; one always does, being at most 256 KB of payload and some 24,000 characters of report. */
const countThatFits = (items: readonly unknown[]): number => {
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(item));
    if (bytes > MAX_ANSWER_BYTES) {
      return Math.max(1, index);
    }
  }
  return items.length;
};

/** The engine's filters, or nothing when no task can match them. */
const filtersOf = (
  status: string | undefined,
  taskType: string | undefined,
): Pick<ListInput, 'statuses' | 'handler'> | undefined => {
  const statuses = status === undefined ? undefined : runStatusesOf(status);
  if (statuses?.length === 0 || [...(taskType ?? '')].length > MAX_TASK_TYPE_LENGTH) {
    return undefined;
  }
  return {
    ...(statuses === undefined ? {} : { statuses }),
    ...(taskType === undefined ? {} : { handler: taskType }),
  };
};

/** A page no larger than an answer may be. Cut, it is read again: only the engine can make the cursor that goes on there. */
const readPage = async (engine: Pick<Engine, 'listRuns'>, input: ListInput): Promise<ListResult> => {
  const page = await engine.listRuns(input);
  if (page.kind === 'bad_cursor') {
    return page;
  }
  const fits = countThatFits(page.runs.map(taskView));
  if (fits === page.runs.length) {
    return page;
  }
  const cut = await engine.listRuns({ ...input, limit: fits });
  return cut.kind === 'bad_cursor' ? cut : { ...cut, partial: true };
};

export const createListTasks =
  (engine: Pick<Engine, 'listRuns'>): Handlers['listTasks'] =>
  async ({ query }) => {
    const filters = filtersOf(query.status, query.task_type);
    if (filters === undefined) {
      return { status: 200, body: { tasks: [], total: 0 } };
    }
    const from = query.cursor === undefined ? { offset: query.offset } : { cursor: query.cursor };
    const page = await readPage(engine, { ...filters, from, limit: query.limit });
    if (page.kind === 'bad_cursor') {
      return { status: 400, error: 'Invalid cursor parameter' };
    }
    return {
      status: 200,
      body: {
        tasks: page.runs.map(taskView),
        total: page.total,
        ...(page.cursor === undefined ? {} : { next_cursor: page.cursor }),
        ...(page.partial ? { partial: true } : {}),
      },
    };
  };
