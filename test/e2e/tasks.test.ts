/** What a client and a worker see of the whole application, on both engines. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Worker } from '../../lib/worker/index.ts';
import { describeAtExamples } from '../api/at-examples.suite.ts';
import { SOON_MS, startTestStack, type TestStack } from '../support/local-stack.ts';
import { runningProcesses } from '../support/processes.ts';
import { until } from '../support/until.ts';

/** A trap for SIGTERM is overcome by SIGKILL after 10 s. */
const AFTER_GRACE_MS = 40_000;

describe.each(['memory', 'aws'] as const)('on engine %s', (engine) => {
  let running: TestStack | undefined;
  let library: Worker | undefined;
  const executed: string[] = [];

  const app = (): TestStack => {
    if (!running) {
      throw new Error('The stack did not start');
    }
    return running;
  };

  beforeAll(async () => {
    running = await startTestStack({ engine, worker: true });
    const { stack, directory } = running;
    library = new Worker({
      ...{ url: stack.wsUrl, token: stack.workerKey, name: 'library', maxTasks: 50 },
      spoolDirectory: join(directory, 'library.spool'),
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    })
      .handle('send_email', () => 'sent')
      .handle('count', ({ run }) => {
        executed.push(run);
      })
      .handle('measure', ({ payload }) => (payload as { readonly text: string }).text.length);
    await library.start();
  }, 60_000);

  afterAll(async () => {
    await library?.stop();
    await running?.stop();
  }, 30_000);

  const create = (type: string, payload: unknown, more: { readonly idempotencyKey?: string } = {}) =>
    app().client.create({ executeAt: Date.now() + SOON_MS, type, payload, ...more });

  describe('the documented examples', () => {
    describeAtExamples(() => app().stack.url);
  });

  describe.concurrent('a task', () => {
    const cancelTree = async (
      name: string,
      command: string,
    ): Promise<{ signal: string | undefined; group: number }> => {
      const groupFile = join(app().directory, name);
      const { id } = await create('shell', { command: `echo $$ > ${groupFile}; ${command}` });
      const group = await until('the processes of the task', () => {
        try {
          const text = readFileSync(groupFile, 'utf8').trim();
          const members = runningProcesses().filter((one) => String(one.group) === text);
          return members.length >= 3 ? Number(text) : undefined;
        } catch {
          return undefined;
        }
      });
      expect(await app().client.cancel(id)).toMatchObject({ status: 'cancelled' });
      const task = await app().ended(id, AFTER_GRACE_MS);
      expect(task).toMatchObject({ status: 'cancelled', attempts: 1, evidence: { state: 'exited' } });
      return { signal: task.evidence?.signal, group };
    };
    const membersOf = (group: number) => runningProcesses().filter((one) => one.group === group);

    it('that is cancelled ends with all the processes that it has started', { timeout: AFTER_GRACE_MS }, async () => {
      const { signal, group } = await cancelTree('tree', '(sleep 300; true) & sleep 300; true');
      expect(signal).toBe('SIGTERM');
      expect(membersOf(group)).toEqual([]);
    });

    it('that does not heed its cancelling is killed', { timeout: AFTER_GRACE_MS }, async () => {
      const { signal, group } = await cancelTree('stubborn', "trap '' TERM; (sleep 300; true) & sleep 300; true");
      expect(signal).toBe('SIGKILL');
      expect(membersOf(group)).toEqual([]);
    });

    it('exists once however often its request comes at once', async () => {
      const body = { execute_at: new Date(Date.now() + 5_000).toISOString(), task_type: 'count', payload: { n: 1 } };
      const post = async (request: unknown) => {
        const response = await fetch(`${app().stack.url}/api/v1/tasks`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': 'twenty at once' },
          body: JSON.stringify(request),
        });
        return { status: response.status, body: await response.text() };
      };
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(body)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      // Not one byte differs.
      expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
      expect(await post({ ...body, payload: { n: 2 } })).toMatchObject({ status: 409 });

      const { task } = JSON.parse(answers[0]?.body ?? '') as { readonly task: { readonly id: number } };
      expect(await app().ended(task.id)).toMatchObject({ status: 'completed', attempts: 1 });
      expect(executed.filter((run) => run === String(task.id))).toHaveLength(1);
    });

    it('takes a payload of 200 KB to its handler', async () => {
      const { id } = await create('measure', { text: 'x'.repeat(200_000) });
      expect(await app().ended(id)).toMatchObject({ status: 'completed', output: '200000' });
    });

    it('keeps the head and the tail of a long output', async () => {
      const { id } = await create('shell', {
        command: 'echo begin; head -c 100000 /dev/zero | tr "\\0" x; echo; echo end',
      });
      const { output = '' } = await app().ended(id);
      expect(output.length).toBeLessThanOrEqual(16_000);
      expect(output).toMatch(/^begin\nx+\n… \[cut: \d+ characters\]\nx+\nend\n$/);
    });
  });
});
