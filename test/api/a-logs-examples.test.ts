/** The documented examples of API A's task logs against the function alone. */
import { afterAll, beforeAll } from 'vitest';
import { type Served, serveHandler } from '../support/serve-handler.ts';
import { describeLogExamples } from './a-logs-examples.suite.ts';
import { createLogsWorld } from './a-logs-world.ts';

const SHORT_PAUSE_MS = 20;

let served: Served | undefined;
const world = createLogsWorld({
  clock: Date.now,
  pause: () => new Promise((resolve) => setTimeout(resolve, SHORT_PAUSE_MS)),
});

beforeAll(async () => {
  served = await serveHandler(world.handler);
});

afterAll(() => served?.close());

describeLogExamples(() => ({ url: served?.url ?? '', token: 'admin-token', makeTask: () => world.makeTask() }));
