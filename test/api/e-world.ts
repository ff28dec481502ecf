/**
 * The API function over the whole engine on memory stores, with a worker that does at once what it is sent: commands of
 * the handler `shell` that end in `exit 1` fail, in `exit 2` with a long error; all others succeed. The clock stands still
 * until it is moved.
 */
import { apiOperations } from '../../lib/contracts/http/api-operations.ts';
import type { Operation } from '../../lib/contracts/http/operation.ts';
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createRouter } from '../../lib/platform/http/router.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { type Answered, call, type HttpHandler, type HttpRequest } from '../support/http-event.ts';
import { bearer, type Credential, createTestAdmission } from '../support/test-admission.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';

export type Json = Readonly<Record<string, unknown>>;
export type EAnswer = Answered & {
  readonly body: { readonly code: number; readonly message: string; readonly data?: unknown };
};

export type EWorld = {
  readonly world: World;
  readonly worker: WorldWorker;
  /** What came in is done, and counted. */
  readonly settle: () => Promise<void>;
  /** Answers, and then everything settles. */
  readonly handler: HttpHandler;
  readonly recorded: Json[];
  /** Without a credential where none is given: the group is open. */
  readonly send: (request: string, body?: HttpRequest['body'], as?: Credential) => Promise<EAnswer>;
  /** The same, where it is answered with data. */
  readonly data: <T = Json>(request: string, body?: HttpRequest['body'], as?: Credential) => Promise<T>;
};

const ERROR = 'RPC call failed';
export const LONG_ERROR = `${ERROR}: ${'x'.repeat(1_000)}`;
const OUTPUT = '{"order_id":7}';

const route = createRouter(Object.values(apiOperations));

/** Every answer is what its contract says. */
const expectContract = (request: string, { status = 0, text, json }: Answered): void => {
  const [method = '', target = ''] = request.split(' ');
  const found = route(method, target.split('?', 1)[0] ?? '');
  const operation: Operation | undefined = found.kind === 'operation' ? found.operation : undefined;
  const error = operation?.answers[status]?.schema?.safeParse(json()).error;
  if (error !== undefined) {
    throw new Error(`${request} answered otherwise than its contract says: ${error.message}\n${text}`);
  }
};

export const createEWorld = async (): Promise<EWorld> => {
  const world = createWorld();
  const recorded: Json[] = [];
  const worker = createWorker(world, 'worker-1', { slots: 20, handlers: ['shell'] });
  await worker.hello();
  const outcomeOf = (payload = '') => {
    const error = /exit 1"/.test(payload) ? ERROR : /exit 2"/.test(payload) ? LONG_ERROR : undefined;
    return error === undefined
      ? ({ outcome: 'succeeded', output: OUTPUT } as const)
      : ({ outcome: 'failed', reason: 'handler_failed', error } as const);
  };
  const settle = async (): Promise<void> => {
    while (worker.holding().length > 0) {
      for (const held of worker.holding()) {
        await worker.finish([held], outcomeOf(worker.orderOf(held.run).payload));
      }
    }
    await world.count();
  };
  const api = createApiHandler({
    engine: world.engine,
    admission: createTestAdmission(),
    record: async (draft) => {
      recorded.push(draft);
    },
    webSocketUrl: 'wss://example.com/socket',
    logger: createLogger({ level: 'error', write: () => undefined }),
    now: world.now,
    pause: async (ms) => world.pass(ms),
  });
  const handler: HttpHandler = async (event, context) => {
    const answer = await api(event, context);
    await settle();
    return answer;
  };
  const send: EWorld['send'] = async (request, body, as) => {
    const answered = await call(handler, request, {
      ...(as === undefined ? {} : bearer(as)),
      ...(body === undefined ? {} : { body }),
    });
    expectContract(request, answered);
    return { ...answered, body: answered.json() as EAnswer['body'] };
  };
  const data: EWorld['data'] = async <T>(request: string, body?: HttpRequest['body'], as?: Credential) => {
    const answered = await send(request, body, as);
    if (answered.status !== 200) {
      throw new Error(`${request}: ${answered.status} ${answered.text}`);
    }
    return answered.body.data as T;
  };
  return { world, worker, settle, handler, recorded, send, data };
};
