/** The API function: tasks, health, and what workers fetch. */
import { apiOperations } from '../../contracts/http/api-operations.ts';
import { platformHandlers } from './handlers/platform-handlers.ts';
import { type TaskDependencies, taskHandlers } from './handlers/task-handlers.ts';
import { createHttpHandler, type HttpDependencies } from './http-handler.ts';
import type { HandlersOf } from './serve.ts';

type ApiOperations = typeof apiOperations;

export type ApiDependencies = Omit<TaskDependencies, 'now'> &
  Pick<HttpDependencies<ApiOperations>, 'admission' | 'logger'> & {
    /** Epoch ms. */
    readonly now?: () => number;
  };

/** Every operation's handler, by its id. */
export const createHandlers = (dependencies: TaskDependencies): HandlersOf<ApiOperations> => ({
  ...taskHandlers(dependencies),
  ...platformHandlers(dependencies.engine),
});

export const createApiHandler = ({ engine, record, admission, logger, now = Date.now }: ApiDependencies) =>
  createHttpHandler({
    operations: apiOperations,
    handlers: createHandlers({ engine, record, now }),
    admission,
    logger,
    now,
  });
