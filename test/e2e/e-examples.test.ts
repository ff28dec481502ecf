/** The examples of API E's document against the whole local stack, with a worker, and without a credential. */
import { afterAll, beforeAll, describe } from 'vitest';
import { describeEExamples } from '../api/e-examples.suite.ts';
import { startTestStack, type TestStack } from '../support/local-stack.ts';

describe.each(['memory', 'aws'] as const)('on engine %s', (engine) => {
  let running: TestStack | undefined;

  beforeAll(async () => {
    running = await startTestStack({ engine, worker: true });
  }, 60_000);

  afterAll(async () => {
    await running?.stop();
  }, 30_000);

  describeEExamples(() => running?.stack.url ?? '');
});
