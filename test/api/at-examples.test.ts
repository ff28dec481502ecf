/** The documented examples of API D against the function alone; against the whole stack they run from its own tests. */
import { afterAll, beforeAll } from 'vitest';
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createFakeEngine } from '../support/fake-engine.ts';
import { type Served, serveHandler } from '../support/serve-handler.ts';
import { createTestAdmission } from '../support/test-admission.ts';
import { describeAtExamples } from './at-examples.suite.ts';

let served: Served | undefined;

beforeAll(async () => {
  served = await serveHandler(
    createApiHandler({
      engine: createFakeEngine(Date.now),
      admission: createTestAdmission({ openGroups: ['D'] }),
      record: async () => undefined,
      webSocketUrl: 'wss://ws.example.com/test',
      logger: createLogger({ level: 'error' }),
    }),
  );
});

afterAll(() => served?.close());

describeAtExamples(() => served?.url ?? '');
