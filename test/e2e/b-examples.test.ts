/** The examples of API B's document against the whole local stack, with a worker that executes them. */
import { afterAll, beforeAll, describe } from 'vitest';
import { describeBExamples } from '../api/b-examples.suite.ts';
import { startTestStack, type TestStack } from '../support/local-stack.ts';

describe.each(['memory', 'aws'] as const)('on engine %s', (engine) => {
  let running: TestStack | undefined;
  let reader = '';

  beforeAll(async () => {
    running = await startTestStack({ engine, worker: true });
    const { url, adminKey } = running.stack;
    const response = await fetch(`${url}/api/auth/api-keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'reader', scopes: ['runs:read'] }),
    });
    const { data } = (await response.json()) as { data: { key: string } };
    reader = data.key;
  }, 60_000);

  afterAll(async () => {
    await running?.stop();
  }, 30_000);

  describeBExamples(() => ({ url: running?.stack.url ?? '', key: running?.stack.adminKey ?? '', reader }), true);
});
