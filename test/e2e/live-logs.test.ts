/** Logs of tasks as somebody who follows them sees them, on both engines: while they run, and when they have ended. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { describeLogExamples } from '../api/a-logs-examples.suite.ts';
import { startTestStack, type TestStack } from '../support/local-stack.ts';
import { until } from '../support/until.ts';

const WITHIN_MS = 60_000;
const LATER_MS = 3_600_000;

const contentSchema = z.object({ content: z.string(), next: z.int(), complete: z.boolean() });
const idSchema = z.object({ id: z.string() });
const whySchema = z.object({ reason: z.string(), message: z.string() });

describe.each(['memory', 'aws'] as const)('on engine %s', (engine) => {
  let running: TestStack | undefined;

  const app = (): TestStack => {
    if (!running) {
      throw new Error('The stack did not start');
    }
    return running;
  };

  beforeAll(async () => {
    running = await startTestStack({ engine, worker: true });
  }, 60_000);

  afterAll(async () => {
    await running?.stop();
  }, 30_000);

  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${app().stack.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${app().stack.adminKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = z.object({ code: z.literal(0), data: z.unknown() }).parse(await response.json());
    return json.data;
  };
  const createTask = async (command: string, more: object = {}): Promise<string> =>
    idSchema.parse(await call('POST', '/task/', { name: 'logged', command, save_log: true, ...more })).id;
  const content = async (id: string, query: string) =>
    contentSchema.parse(await call('GET', `/tasklog/${id}/content/?${query}`));
  const why = async (id: string) => whySchema.parse(await call('GET', `/task/${id}/why/`));

  /** Follows the log by its cursor until `isEnough`. */
  const follow = async (id: string, isEnough: (text: string, complete: boolean) => boolean) => {
    let text = '';
    let next = 0;
    return until(
      `the log of task ${id}`,
      async () => {
        const piece = await content(id, `after=${next}&wait=5`);
        text += piece.content;
        next = piece.next;
        return isEnough(text, piece.complete) ? text : undefined;
      },
      WITHIN_MS,
    );
  };

  describe('the documented examples', () => {
    describeLogExamples(() => ({
      url: app().stack.url,
      token: app().stack.adminKey,
      makeTask: () => createTask('true', { time_plan: new Date(Date.now() + LATER_MS).toISOString() }),
    }));
  });

  it('a task is followed while it runs, to its end', { timeout: WITHIN_MS }, async () => {
    const go = join(app().directory, 'go');
    const id = await createTask(`echo 第一行; while [ ! -e ${go} ]; do sleep 0.1; done; seq 1 5000; echo last`);
    const live = await follow(id, (text) => text !== '');
    expect([live, existsSync(go)]).toEqual(['第一行\n', false]);
    expect(await why(id)).toMatchObject({
      reason: 'running',
      message: expect.stringContaining('It is running on local'),
    });
    writeFileSync(go, '');
    const numbers = Array.from({ length: 5_000 }, (_, index) => `${index + 1}\n`).join('');
    expect(await follow(id, (_text, complete) => complete)).toBe(`第一行\n${numbers}last\n`);
    expect(await why(id)).toMatchObject({ reason: 'ended' });
  });

  it('a short task has the log that its worker reported', { timeout: WITHIN_MS }, async () => {
    const id = await createTask('echo short; echo aside >&2');
    expect(await follow(id, (_text, complete) => complete)).toBe('short\naside\n');
  });

  it('a task without save_log leaves none', { timeout: WITHIN_MS }, async () => {
    const id = await createTask('echo secret; sleep 2.2; echo more', { save_log: false });
    expect(await follow(id, (_text, complete) => complete)).toBe('');
  });

  it('a task that waits for a worker says for which', { timeout: WITHIN_MS }, async () => {
    const id = await createTask('true', { metadata: { worker_select: ['elsewhere'] } });
    const reason = await until(
      'the reason',
      async () => {
        const found = await why(id);
        return found.reason === 'not_selected' ? found : undefined;
      },
      WITHIN_MS,
    );
    expect(reason.message).toBe(
      'Of the workers that could otherwise take it (local), none is one of the workers that it is for (elsewhere).',
    );
  });

  describe('GET /api/v1/ws/task/', () => {
    it('points to the socket, and is it when it is asked to be', async () => {
      const { url } = z.object({ url: z.string() }).parse(await call('GET', '/ws/task/'));
      expect(new URL(url).host).toBe(new URL(app().stack.wsUrl).host);
      expect(url).toMatch(/^ws:/);
      const address = `${app().stack.url.replace('http', 'ws')}/api/v1/ws/task/`;
      const socket = new WebSocket(address, { headers: { authorization: `Bearer ${app().stack.workerKey}` } });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      socket.terminate();
    });

    it('is no socket for who has no key', async () => {
      const socket = new WebSocket(`${app().stack.url.replace('http', 'ws')}/api/v1/ws/task/`);
      const status = await new Promise((resolve) => {
        socket.once('error', () => undefined);
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode));
      });
      expect(status).toBe(401);
      socket.terminate();
    });
  });
});
