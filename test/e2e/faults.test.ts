/**
 * Real worker processes on the whole application, and everything that a network and a machine can do to them. Whatever
 * happens, no task is lost and none is completed twice. The waits for a lost session (45 s) overlap.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeAlarm } from '../../lib/contracts/alarm-message.ts';
import type { Task as CronjobTask } from '../../lib/contracts/http/a/task.ts';
import type { Task } from '../../lib/contracts/http/task.ts';
import { type Passing, startFrameProxy } from '../support/frame-proxy.ts';
import { SOON_MS, startTestStack, type TestStack } from '../support/local-stack.ts';
import type { RecordedWork } from '../support/recording-worker.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { type Effect, startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

/** A session is lost after 45 s; its alarm is as exact as the queue; a retry follows within a second or two. */
const AFTER_LOSS_MS = 120_000;

let running: TestStack | undefined;
const closing: (() => Promise<void>)[] = [];

const app = (): TestStack => {
  if (!running) {
    throw new Error('The stack did not start');
  }
  return running;
};

beforeAll(async () => {
  running = await startTestStack({ engine: 'aws', worker: false });
});

afterAll(async () => {
  for (const close of closing.reverse()) {
    await close();
  }
  await running?.stop();
}, 60_000);

/** A worker for one scenario: its handlers are nobody else's. */
const startWorker = async (name: string, handlers: readonly string[], url = app().stack.wsUrl) => {
  const worker = startWorkerProcess({ url, token: app().stack.workerKey, name, handlers }, app().directory);
  closing.push(worker.stop);
  await worker.connected;
  return worker;
};

const submit = (type: string, count: number, work: RecordedWork, inMs = SOON_MS): Promise<readonly Task[]> =>
  Promise.all(
    Array.from({ length: count }, () => app().client.create({ executeAt: Date.now() + inMs, type, payload: work })),
  );

const allEnded = (tasks: readonly Task[], withinMs?: number): Promise<readonly Task[]> =>
  Promise.all(tasks.map(({ id }) => app().ended(id, withinMs)));

const of = (effects: readonly Effect[], what: Effect['what'], id: number): readonly Effect[] =>
  effects.filter((effect) => effect.what === what && effect.run === id);

const allStarted = (worker: WorkerProcess, tasks: readonly Task[]): Promise<true> =>
  until(`start of ${tasks.length} tasks on ${worker.name}`, () =>
    tasks.every(({ id }) => of(worker.effects(), 'start', id).length > 0) ? true : undefined,
  );

/** By one accepted result, of the first attempt, with the work done exactly once. */
const expectOnce = (tasks: readonly Task[], worker: WorkerProcess): void => {
  for (const task of tasks) {
    expect(task).toMatchObject({ status: 'completed', attempts: 1, worker: worker.name });
    expect(task.attempt_history).toMatchObject([{ attempt: 1, outcome: 'succeeded' }]);
    expect(of(worker.effects(), 'start', task.id)).toEqual([{ what: 'start', run: task.id, attempt: 1 }]);
    expect(of(worker.effects(), 'end', task.id)).toHaveLength(1);
  }
};

describe.concurrent('a task and its worker', () => {
  it('is completed once, by another worker, when its own is killed', { timeout: AFTER_LOSS_MS }, async () => {
    const first = await startWorker('killed', ['survives']);
    const tasks = await submit('survives', 6, { ms: 3_000 });
    await allStarted(first, tasks);
    await first.kill();
    const second = await startWorker('heir', ['survives']);

    for (const task of await allEnded(tasks, AFTER_LOSS_MS)) {
      expect(task).toMatchObject({ status: 'completed', attempts: 2, worker: 'heir' });
      expect(task.attempt_history).toMatchObject([
        { attempt: 1, outcome: 'lost', worker: 'killed' },
        { attempt: 2, outcome: 'succeeded', worker: 'heir' },
      ]);
      expect(of(first.effects(), 'end', task.id)).toEqual([]);
      expect(of(second.effects(), 'end', task.id)).toEqual([{ what: 'end', run: task.id, attempt: 2 }]);
    }
  });

  it('of a job is completed by another worker, when its own is killed', { timeout: AFTER_LOSS_MS }, async () => {
    const { stack, directory } = app();
    const start = async (name: string): Promise<WorkerProcess> => {
      const worker = startWorkerProcess(
        { url: stack.wsUrl, token: stack.workerKey, name, pool: 'frail', handlers: [], allow: ['shell'] },
        directory,
      );
      closing.push(worker.stop);
      await worker.connected;
      return worker;
    };
    const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
      const response = await fetch(`${stack.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      expect(response.ok, text).toBe(true);
      return (JSON.parse(text) as { data: T }).data;
    };
    const first = await start('frail-1');
    const held = join(directory, 'held');
    const job = await call<{ id: string }>('POST', '/cronjob/', {
      ...{ name: 'survives', time: '0 0 0 1 1 *', pool: 'frail', max_retry: 1, save_log: true },
      command: `if [ -e ${held} ]; then echo again; else echo $$ > ${held}; exec sleep 600; fi`,
    });
    const { id } = await call<CronjobTask>('POST', `/cronjob/${job.id}/execute`);
    const pid = await until('the command at work', () =>
      existsSync(held) ? Number(readFileSync(held, 'utf8')) || undefined : undefined,
    );
    await first.kill();
    // A machine that dies takes its commands with it.
    process.kill(pid, 'SIGKILL');
    await start('frail-2');
    const task = await until(
      'the end of the task',
      async () => {
        const found = await call<CronjobTask>('GET', `/task/${id}/`);
        return found.time_end === null ? undefined : found;
      },
      AFTER_LOSS_MS,
    );
    expect(task).toMatchObject({ status: 'success', output: 'again\n', retry_count: 1, worker_name: 'frail-2' });
  });

  it('goes on through sockets that are cut, again and again', { timeout: 60_000 }, async () => {
    const proxy = await startTcpProxy(app().stack.port);
    closing.push(proxy.close);
    const worker = await startWorker('cut', ['endures'], `ws://127.0.0.1:${proxy.port}`);
    const tasks = await submit('endures', 8, { ms: 4_000 });
    await allStarted(worker, tasks);
    for (let cuts = 0; cuts < 3; cuts += 1) {
      const before = proxy.connections();
      proxy.cut();
      await until('another connection', () => (proxy.connections() > before ? true : undefined));
    }
    expectOnce(await allEnded(tasks, 60_000), worker);
    expect(worker.output()).toContain('session resumed');
  });

  it('keeps its result through a network that swallows it', { timeout: AFTER_LOSS_MS }, async () => {
    const proxy = await startTcpProxy(app().stack.port);
    closing.push(proxy.close);
    const worker = await startWorker('silent', ['waits'], `ws://127.0.0.1:${proxy.port}`);
    const tasks = await submit('waits', 5, { ms: 2_000 });
    await allStarted(worker, tasks);
    proxy.freeze();
    await until('the end of the work', () =>
      tasks.every(({ id }) => of(worker.effects(), 'end', id).length > 0) ? true : undefined,
    );
    // What was sent into the silence is gone with its connections.
    proxy.cut();
    proxy.thaw();
    expectOnce(await allEnded(tasks, AFTER_LOSS_MS), worker);
  });

  it('is executed once when every frame comes twice', { timeout: 60_000 }, async () => {
    const passed = new Set<string>();
    const proxy = await startFrameProxy(app().stack.wsUrl, ({ frame }) => {
      passed.add(frame.type);
      return 2;
    });
    closing.push(proxy.close);
    const worker = await startWorker('doubled', ['repeats'], proxy.url);
    const tasks = [...(await submit('repeats', 10, { ms: 20 })), ...(await submit('repeats', 4, { ms: 2_500 }))];
    expectOnce(await allEnded(tasks), worker);
    expect([...passed]).toEqual(expect.arrayContaining(['hello', 'welcome', 'run', 'started', 'result', 'stale']));
  });

  it('is delivered and reported although the first frame of each kind is lost', {
    timeout: AFTER_LOSS_MS,
  }, async () => {
    const lost = new Set<string>();
    const loseFirst = ({ frame }: Passing): number => {
      if ((frame.type !== 'run' && frame.type !== 'result') || lost.has(frame.type)) {
        return 1;
      }
      lost.add(frame.type);
      return 0;
    };
    const proxy = await startFrameProxy(app().stack.wsUrl, loseFirst);
    closing.push(proxy.close);
    const worker = await startWorker('lossy', ['arrives'], proxy.url);
    const tasks = await submit('arrives', 3, { ms: 20 });
    expectOnce(await allEnded(tasks, AFTER_LOSS_MS), worker);
    expect(lost).toEqual(new Set(['run', 'result']));
  });

  it('is completed by the result that a killed worker left on disk', { timeout: 60_000 }, async () => {
    let results = 0;
    const proxy = await startFrameProxy(app().stack.wsUrl, ({ frame }) => {
      results += frame.type === 'result' ? 1 : 0;
      return frame.type === 'result' ? 0 : 1;
    });
    closing.push(proxy.close);
    const first = await startWorker('returns', ['remembers'], proxy.url);
    const tasks = await submit('remembers', 3, { ms: 20 });
    await until('three results on their way', () =>
      results > 0 && tasks.every(({ id }) => of(first.effects(), 'end', id).length > 0) ? true : undefined,
    );
    await first.kill();
    // Started again under its name, without the proxy: another session, which may tell what the first one did.
    const second = await startWorker('returns', ['remembers']);
    expectOnce(await allEnded(tasks, 20_000), second);
  });

  it('is executed once when its alarms come many times, early and late', { timeout: 60_000 }, async () => {
    const { aws } = app().stack;
    if (!aws) {
      throw new Error('This engine has no queue');
    }
    const worker = await startWorker('alarmed', ['rings']);
    const tasks = await submit('rings', 8, { ms: 300 }, 4_000);
    const client = new SQSClient({ endpoint: aws.sqs, region: aws.region, credentials: aws.credentials });
    const alarm = (id: number): string =>
      encodeAlarm({
        key: { kind: 'run', id: String(id) },
        ...{ g: 1, dueAt: Date.now(), hop: 0, armedAt: Date.now(), nonce: 'a copy' },
      });
    for (const { id } of tasks) {
      const Entries = [0, 0, 1, 2, 2, 3, 4, 5, 6, 8].map((DelaySeconds, copy) => ({
        ...{ Id: String(copy), MessageBody: alarm(id), DelaySeconds },
      }));
      await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl(aws.queueUrls), Entries }));
    }
    client.destroy();
    expectOnce(await allEnded(tasks), worker);
  });
});

/** The alarms' queue, by its logical id. */
const queueUrl = (urls: Readonly<Record<string, string>>): string =>
  Object.entries(urls).find(([id]) => id.startsWith('Alarms'))?.[1] ?? '';
