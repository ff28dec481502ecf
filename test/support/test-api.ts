/** The API function over a fake engine, fixed credentials and a still clock. */
import type { AuditDraft } from '../../lib/domain/identity/audit.ts';
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createFakeEngine, type FakeEngine, NOW } from './fake-engine.ts';
import { type Answered, call, type HttpRequest } from './http-event.ts';
import { createTestAdmission, type TestAdmission } from './test-admission.ts';

export type LogLine = Readonly<Record<string, unknown>>;

export type TestApi = {
  readonly engine: FakeEngine;
  readonly admission: TestAdmission;
  readonly recorded: AuditDraft[];
  readonly logs: LogLine[];
  readonly send: (request: string, options?: HttpRequest) => Promise<Answered>;
};

/** By default its groups D and E are open, as they are on the local stack. */
export const createTestApi = (
  over: {
    readonly openGroups?: readonly string[];
    readonly engine?: FakeEngine;
    readonly record?: (draft: AuditDraft) => Promise<void>;
    readonly now?: () => number;
  } = {},
): TestApi => {
  const now = over.now ?? (() => NOW);
  const engine = over.engine ?? createFakeEngine(now);
  const admission = createTestAdmission(over.openGroups === undefined ? {} : { openGroups: over.openGroups });
  const recorded: AuditDraft[] = [];
  const logs: LogLine[] = [];
  const handler = createApiHandler({
    engine,
    admission,
    record: async (draft) => {
      await over.record?.(draft);
      recorded.push(draft);
    },
    webSocketUrl: 'wss://ws.example.com/test',
    logger: createLogger({ level: 'debug', write: (line) => logs.push(JSON.parse(line) as LogLine) }),
    now,
  });
  return { engine, admission, recorded, logs, send: (request, options) => call(handler, request, options) };
};
