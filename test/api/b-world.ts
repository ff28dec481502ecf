/** The API function over the whole engine on memory stores, fixed credentials, and a clock that stands still until it is moved. */
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { type Answered, call, type HttpHandler, type HttpRequest } from '../support/http-event.ts';
import { bearer, type Credential, createTestAdmission } from '../support/test-admission.ts';

export type Json = Readonly<Record<string, unknown>>;
export type BAnswer = Answered & {
  readonly body: { readonly message: string; readonly data?: unknown; readonly code?: number };
};

export type BWorld = {
  readonly world: World;
  readonly handler: HttpHandler;
  readonly recorded: Json[];
  /** As an admin; `body` is what it is to carry. */
  readonly send: (request: string, body?: HttpRequest['body'], as?: Credential | 'nobody') => Promise<BAnswer>;
  /** The same, where it is answered with data. */
  readonly data: <T = Json>(request: string, body?: HttpRequest['body'], as?: Credential) => Promise<T>;
};

export const createBWorld = (over: { readonly closedMetrics?: boolean } = {}): BWorld => {
  const world = createWorld();
  const recorded: Json[] = [];
  const handler = createApiHandler({
    engine: world.engine,
    admission: { ...createTestAdmission({ openGroups: [] }), ...over },
    record: async (draft) => {
      recorded.push(draft);
    },
    webSocketUrl: 'wss://example.com/socket',
    logger: createLogger({ level: 'error', write: () => undefined }),
    now: world.now,
    pause: async (ms) => world.pass(ms),
  });
  const send: BWorld['send'] = async (request, body, as = 'admin-key') => {
    const answered = await call(handler, request, {
      ...(as === 'nobody' ? {} : bearer(as)),
      ...(body === undefined ? {} : { body }),
    });
    const isJson = String(answered.headers['content-type']).startsWith('application/json');
    return { ...answered, body: (isJson ? answered.json() : { message: '' }) as BAnswer['body'] };
  };
  const data: BWorld['data'] = async <T>(request: string, body?: HttpRequest['body'], as?: Credential) => {
    const answered = await send(request, body, as);
    if ((answered.status ?? 500) >= 300) {
      throw new Error(`${request}: ${answered.status} ${answered.text}`);
    }
    return answered.body.data as T;
  };
  return { world, handler, recorded, send, data };
};
