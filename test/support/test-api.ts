/** The API function over a fake engine and a still clock. */
import { createHash } from 'node:crypto';
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createFakeEngine, type FakeEngine, NOW } from './fake-engine.ts';
import { type Answered, call, type HttpRequest } from './http-event.ts';

export const WORKER_TOKEN = 'a-worker-token';
const WORKER_TOKEN_SHA256 = createHash('sha256').update(WORKER_TOKEN).digest('hex');

export type LogLine = Readonly<Record<string, unknown>>;

export type TestApi = {
  readonly engine: FakeEngine;
  readonly logs: LogLine[];
  readonly send: (request: string, options?: HttpRequest) => Promise<Answered>;
};

export const createTestApi = (
  over: { readonly openGroups?: readonly string[]; readonly engine?: FakeEngine; readonly now?: () => number } = {},
): TestApi => {
  const now = over.now ?? (() => NOW);
  const engine = over.engine ?? createFakeEngine(now);
  const logs: LogLine[] = [];
  const handler = createApiHandler({
    engine,
    openGroups: over.openGroups ?? ['D'],
    workerTokenSha256: WORKER_TOKEN_SHA256,
    logger: createLogger({ level: 'debug', write: (line) => logs.push(JSON.parse(line) as LogLine) }),
    now,
  });
  return { engine, logs, send: (request, options) => call(handler, request, options) };
};
