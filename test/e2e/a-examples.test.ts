/** The examples of API A's document against the whole local stack, with a worker. Those of its logs are in `live-logs`. */
import { afterAll, beforeAll, describe } from 'vitest';
import { describeAExamples } from '../api/a-examples.suite.ts';
import { startTestStack, type TestStack } from '../support/local-stack.ts';

describe.each(['memory', 'aws'] as const)('on engine %s', (engine) => {
  let running: TestStack | undefined;

  beforeAll(async () => {
    running = await startTestStack({ engine, worker: true });
  }, 60_000);

  afterAll(async () => {
    await running?.stop();
  }, 30_000);

  describeAExamples(() => ({ url: running?.stack.url ?? '', token: running?.stack.adminKey ?? '' }));
});
