/** The metrics, health and the overview: from counters, and public as far as they are said to be. */
import { beforeEach, describe, expect, it } from 'vitest';
import { readExposition } from '../support/exposition.ts';
import { NOW } from '../support/rows.ts';
import { createWorker } from '../support/world-worker.ts';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

let b: BWorld;
beforeEach(() => {
  b = createBWorld();
});

const HOUR_MS = 3_600_000;

/** Two jobs, a worker, and of four runs one that ran, one that failed, one that runs and one that waits. */
const live = async (): Promise<void> => {
  const { world } = b;
  await b.data('POST /api/tasks', { name: 'one', executor: 'shell', command: 'true' });
  await b.data('POST /api/tasks', { name: 'two', executor: 'shell', command: 'true', status: 'paused' });
  await b.data('POST /api/tasks', { name: 'three', executor: 'shell', command: 'true', status: 'disabled' });
  await b.data('POST /api/workers/polls/heartbeat', { status: 'offline' });
  const worker = createWorker(world, 'node-1', { slots: 1 });
  await worker.hello();
  for (const outcome of ['succeeded', 'failed'] as const) {
    const run = await world.submit({ maxTries: 1 });
    await worker.finish([worker.orderOf(run)], { outcome });
  }
  await world.submit();
  await world.submit();
  await world.count();
};

const scrape = async () => {
  const answer = await b.send('GET /metrics', undefined, 'nobody');
  expect(answer.status).toBe(200);
  return answer;
};
const sampleOf = async (name: string, labels = ''): Promise<number | undefined> =>
  readExposition((await scrape()).text)
    .get(name)
    ?.samples.get(labels);

describe('/metrics', () => {
  it('is text that Prometheus reads', async () => {
    await live();
    const answer = await scrape();
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4(;|$)/);
    const metrics = readExposition(answer.text);
    expect(metrics.size).toBeGreaterThan(10);
    for (const [name, { help, type, samples }] of metrics) {
      expect([name, help]).toEqual([expect.stringMatching(/^(cronjob|scheduler)_/), expect.stringMatching(/\.$/)]);
      expect(samples.size).toBeGreaterThan(0);
      expect(type === 'counter' ? name : '_total').toMatch(/_total$/);
    }
  });

  it('says nothing that is not so', async () => {
    await live();
    const expected: readonly (readonly [string, string, number])[] = [
      ['cronjob_cronjobs_total', '', 3],
      ['cronjob_cronjobs_active', '', 1],
      ['cronjob_tasks_total', 'status="success"', 1],
      ['cronjob_tasks_total', 'status="failed"', 1],
      ['cronjob_tasks_total', 'status="pending"', 2],
      ['cronjob_task_executions_total', 'status="success"', 1],
      ['cronjob_task_executions_total', 'status="timeout"', 0],
      ['cronjob_task_errors_total', '', 1],
      ['cronjob_task_queue_size', '', 1],
      ['cronjob_workers_connected', '', 1],
      ['scheduler_tasks', 'status="paused"', 1],
      ['scheduler_task_runs', 'status="dispatched"', 1],
      ['scheduler_task_runs_created_total', '', 4],
      ['scheduler_task_executions_total', 'status="completed"', 1],
      ['scheduler_task_failures_total', '', 1],
      ['scheduler_queue_depth', '', 1],
      ['scheduler_active_workers', '', 1],
    ];
    const metrics = readExposition((await scrape()).text);
    for (const [name, labels, value] of expected) {
      expect([name, labels, metrics.get(name)?.samples.get(labels)]).toEqual([name, labels, value]);
    }
  });

  it('has as many lines with a thousand jobs as with one', async () => {
    await live();
    const lines = (await scrape()).text.split('\n').length;
    for (let count = 0; count < 100; count += 1) {
      await b.data('POST /api/tasks', { name: `more ${count}`, executor: 'shell', command: 'true' });
    }
    b.world.pass(5_000);
    expect((await scrape()).text.split('\n')).toHaveLength(lines);
    expect(await sampleOf('cronjob_cronjobs_total')).toBe(103);
  });

  it('counts from midnight on', async () => {
    await live();
    b.world.pass(23 * HOUR_MS);
    expect(await sampleOf('scheduler_task_executions_total', 'status="completed"')).toBe(1);
    b.world.pass(HOUR_MS);
    expect(await sampleOf('scheduler_task_executions_total', 'status="completed"')).toBe(0);
    expect(await sampleOf('scheduler_task_runs', 'status="completed"')).toBe(1);
  });

  it('is put together once in 5 s, however often it is asked for', async () => {
    const calls: string[] = [];
    b.world.watch(({ when, name }) => {
      if (when === 'before') {
        calls.push(name);
      }
    });
    await Promise.all([scrape(), scrape()]);
    await scrape();
    const once = calls.length;
    expect(once).toBeGreaterThan(0);
    expect(calls.filter((name) => name.startsWith('runs.'))).toEqual([]);
    b.world.pass(5_000);
    await scrape();
    expect(calls).toHaveLength(2 * once);
  });

  it('does not keep a fault', async () => {
    b.world.watch(({ name }) => {
      if (name === 'counts.read') {
        throw new Error('throttled');
      }
    });
    expect((await b.send('GET /metrics', undefined, 'nobody')).status).toBe(500);
    b.world.watch(undefined);
    await scrape();
  });

  it('takes a scope where the stage closes it', async () => {
    b = createBWorld({ closedMetrics: true });
    expect((await b.send('GET /metrics', undefined, 'nobody')).status).toBe(401);
    expect((await b.send('GET /metrics', undefined, 'worker-key')).status).toBe(403);
    expect((await b.send('GET /metrics', undefined, 'user-token')).status).toBe(200);
    expect((await b.send('GET /api/health', undefined, 'nobody')).status).toBe(200);
  });
});

describe('the reader of the format', () => {
  it.each([
    'a 1',
    'a 1\n',
    '# HELP a x\n# TYPE a gauge\na{b=1} 1\n',
    '# HELP a x\n# TYPE a gauge\na{b="1" 1\n',
    '# HELP a x\n# TYPE a gauge\na{b="1",b="2"} 1\n',
    '# HELP a x\n# TYPE a gauge\na 1\na 2\n',
    '# HELP a x\n# TYPE a gauge\na one\n',
    '# HELP a x\n# TYPE a meter\na 1\n',
    '# HELP a x\n# TYPE b gauge\nb 1\n',
    '# HELP a x\n# TYPE a counter\na -1\n',
    '# HELP 1a x\n# TYPE 1a gauge\n1a 1\n',
    '# HELP a x\n# TYPE a gauge\na{b="c"d"} 1\n',
  ])('refuses %j', (text) => {
    expect(() => readExposition(text)).toThrow();
  });
});

describe('GET /api/system/status', () => {
  it('sums up', async () => {
    await live();
    expect(await b.data('GET /api/system/status')).toEqual({
      tasks: { total: 3, active: 1, paused: 1, running: 0 },
      workers: { total: 2, online: 1, offline: 1 },
      runs_today: 4,
      success_rate: 50,
    });
  });

  it('counts the runs of tasks that are with a worker', async () => {
    await createWorker(b.world, 'node-1', { handlers: ['shell'] }).hello();
    const { id } = await b.data('POST /api/tasks', { name: 'one', executor: 'shell', command: 'true' });
    await b.data(`POST /api/tasks/${id}/trigger`);
    await b.world.count();
    expect(await b.data('GET /api/system/status')).toMatchObject({ tasks: { running: 1 }, runs_today: 1 });
  });

  it('has a rate of 100 when nothing ended in 24 hours', async () => {
    expect(await b.data('GET /api/system/status')).toMatchObject({ success_rate: 100, runs_today: 0 });
    await live();
    b.world.pass(26 * HOUR_MS);
    expect(await b.data('GET /api/system/status')).toMatchObject({ success_rate: 100, runs_today: 0 });
  });
});

describe('health', () => {
  const fail = (service: 'dynamodb' | 'sqs'): void =>
    b.world.watch(({ when, name }) => {
      if (when === 'before' && name === `health.${service}`) {
        throw new Error('no answer');
      }
    });

  it('of B tells how long the process has been up', async () => {
    b.world.pass(90_500);
    const { status, body } = await b.send('GET /api/health', undefined, 'nobody');
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        success: true,
        data: {
          status: 'healthy',
          database: 'connected',
          message_queue: 'connected',
          uptime_seconds: 90,
          version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        },
      }),
    ]);
  });

  it.each([
    ['dynamodb', { database: 'disconnected', message_queue: 'connected' }],
    ['sqs', { database: 'connected', message_queue: 'disconnected' }],
  ] as const)('of B is 503 without %s', async (service, data) => {
    fail(service);
    const { status, body } = await b.send('GET /api/health', undefined, 'nobody');
    expect([status, body]).toEqual([
      503,
      expect.objectContaining({
        success: false,
        code: 503,
        data: expect.objectContaining({ status: 'unhealthy', ...data }),
      }),
    ]);
  });

  it('of A names its services, the workers that are connected and what waits, and no more', async () => {
    await live();
    const { status, body } = await b.send('GET /api/v1/health/', undefined, 'nobody');
    const up = { status: 'ok', latency: 0, timestamp: new Date(NOW).toISOString().replace('.000Z', 'Z') };
    expect([status, body]).toEqual([
      200,
      {
        code: 0,
        message: 'ok',
        data: {
          status: 'ok',
          services: { dynamodb: up, sqs: up },
          workers: { 'node-1': { id: 'node-1', name: 'node-1', is_active: true, last_active: up.timestamp } },
          metrics: { websocket_clients: 1, pending_tasks: 1 },
          timestamp: up.timestamp,
        },
      },
    ]);
  });

  it.each(['dynamodb', 'sqs'] as const)('of A is degraded without %s', async (service) => {
    fail(service);
    const { status, body } = await b.send('GET /api/v1/health/', undefined, 'nobody');
    expect([status, body]).toEqual([
      503,
      {
        code: 503,
        message: 'degraded',
        data: expect.objectContaining({
          status: 'degraded',
          services: expect.objectContaining({ [service]: expect.objectContaining({ status: 'error' }) }),
        }),
      },
    ]);
  });

  it('asks what it stands on once a second at the most', async () => {
    let asked = 0;
    b.world.watch(({ when, name }) => {
      asked += when === 'before' && name === 'health.sqs' ? 1 : 0;
    });
    const ask = (): Promise<Json> => b.data('GET /api/health');
    await Promise.all([ask(), ask(), ask()]);
    expect(asked).toBe(1);
    b.world.pass(1_000);
    await ask();
    expect(asked).toBe(2);
  });
});
