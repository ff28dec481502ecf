/** API B: workers, as their sessions and their heartbeats show them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { NOW } from '../support/rows.ts';
import { createWorker } from '../support/world-worker.ts';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

let b: BWorld;
beforeEach(() => {
  b = createBWorld();
});

const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString().replace('.000Z', 'Z');
const HEARTBEAT = {
  status: 'online',
  current_tasks: 3,
  system_info: { cpu_usage: 45.2, memory_usage: 60.8, disk_usage: 35.1 },
};
const beat = (id: string, body: Json = HEARTBEAT) => b.data(`POST /api/workers/${id}/heartbeat`, body, 'worker-key');
const read = (id: string) => b.data(`GET /api/workers/${id}`);
const list = () => b.data<readonly Json[]>('GET /api/workers');

describe('a heartbeat', () => {
  it('registers a worker that nobody knows, and tells how it is', async () => {
    const worker = await beat('worker-001');
    expect(worker).toEqual({
      id: 'worker-001',
      name: 'worker-001',
      status: 'online',
      last_heartbeat: at(0),
      current_tasks: 3,
      max_tasks: 10,
      tags: [],
      enabled: true,
      pool: 'default',
      executors: [],
      system_info: HEARTBEAT.system_info,
      created_at: at(0),
      updated_at: at(0),
    });
    expect(await read('worker-001')).toEqual(worker);
    expect(await list()).toEqual([worker]);
  });

  it('makes it busy when it says so, or is full', async () => {
    expect(await beat('one', { status: 'busy' })).toMatchObject({ status: 'busy', current_tasks: 0 });
    expect(await beat('two', { current_tasks: 10 })).toMatchObject({ status: 'busy' });
    expect(await beat('two', { current_tasks: 9 })).toMatchObject({ status: 'online' });
    expect(await beat('one', { status: 'offline', current_tasks: 4 })).toMatchObject({
      status: 'offline',
      current_tasks: 0,
    });
  });

  it('holds for 90 s', async () => {
    await beat('worker-001');
    b.world.pass(90_000);
    expect(await read('worker-001')).toMatchObject({ status: 'online', current_tasks: 3 });
    b.world.pass(1);
    expect(await read('worker-001')).toMatchObject({ status: 'offline', current_tasks: 0, last_heartbeat: at(0) });
    expect(await beat('worker-001')).toMatchObject({ status: 'online', last_heartbeat: at(90_001) });
  });

  it('every 30 s keeps it online for ever, and costs no write when nothing is new within 25 s', async () => {
    await beat('worker-001');
    const written: string[] = [];
    b.world.watch(({ when, name }) => {
      if (when === 'before' && name === 'workers.write') {
        written.push(name);
      }
    });
    b.world.pass(24_000);
    await beat('worker-001');
    expect(written).toEqual([]);
    for (let count = 0; count < 10; count += 1) {
      b.world.pass(29_000);
      expect(await read('worker-001')).toMatchObject({ status: 'online' });
      await beat('worker-001');
    }
    expect(written).toHaveLength(10);
  });

  it('takes an id of 128 characters, and none that is longer or has others', async () => {
    const longest = 'aZ0._-'.padEnd(128, 'x');
    expect(await beat(longest)).toMatchObject({ id: longest });
    for (const id of ['x'.repeat(129), 'a%20b', 'a:b', '%E5%B7%A5', 'a%2Fb', 'a@b']) {
      const { status, body } = await b.send(`POST /api/workers/${id}/heartbeat`, HEARTBEAT);
      expect([id, status, body.code]).toEqual([id, 400, 400]);
    }
    expect(await list()).toHaveLength(1);
  });

  it('brings back a worker that was removed, as if it were new', async () => {
    await beat('worker-001');
    await b.data('PUT /api/workers/worker-001', { enabled: false });
    await b.send('DELETE /api/v1/worker/worker-001/');
    expect((await b.send('GET /api/workers/worker-001')).status).toBe(404);
    expect(await beat('worker-001')).toMatchObject({ enabled: true, status: 'online' });
  });

  it('of an id that is another worker’s name leaves both', async () => {
    await b.data('POST /api/v1/worker/', { name: 'worker-001', id: 'first' });
    const { name } = await beat('worker-001');
    expect(name).toMatch(/^worker-001-.+/);
    expect(await read('first')).toMatchObject({ name: 'worker-001' });
  });

  it('of many at once registers it once', async () => {
    await Promise.all(Array.from({ length: 5 }, () => beat('worker-001')));
    expect(await list()).toHaveLength(1);
  });
});

describe('a worker with a session', () => {
  it('registers itself by its name, and is seen by its session', async () => {
    const worker = createWorker(b.world, 'node-1', { slots: 2 });
    await worker.hello({ tags: ['gpu', 'python'] });
    expect(await read('node-1')).toMatchObject({
      id: 'node-1',
      name: 'node-1',
      status: 'online',
      current_tasks: 0,
      max_tasks: 2,
      tags: ['gpu', 'python'],
      executors: ['send_email'],
      last_heartbeat: at(0),
    });
    const first = await b.world.submit();
    await b.world.submit();
    expect(await read('node-1')).toMatchObject({ status: 'busy', current_tasks: 2 });
    b.world.pass(15_000);
    await worker.heartbeat();
    expect(await read('node-1')).toMatchObject({ status: 'busy', current_tasks: 2, last_heartbeat: at(15_000) });
    await worker.finish([worker.orderOf(first)]);
    await worker.heartbeat();
    expect(await read('node-1')).toMatchObject({ status: 'online', current_tasks: 1 });
  });

  it('is found by the id that it was registered with, or by the name', async () => {
    await b.data('POST /api/v1/worker/', { id: 'w-7', name: 'node-7' });
    await b.data('POST /api/v1/worker/', { id: 'w-8', name: 'node-8' });
    await createWorker(b.world, 'elsewhere').hello({ worker: 'w-7' });
    await createWorker(b.world, 'node-8').hello();
    expect((await list()).map(({ id, name, status }) => [id, name, status])).toEqual([
      ['w-7', 'node-7', 'online'],
      ['w-8', 'node-8', 'online'],
    ]);
  });

  it('is offline when its session was lost, until it is heard again', async () => {
    const worker = createWorker(b.world, 'node-1', { slots: 5 });
    await worker.hello();
    b.world.pass(46_000);
    expect(await read('node-1')).toMatchObject({ status: 'offline' });
    expect(await beat('node-1')).toMatchObject({ status: 'online', current_tasks: 3 });
  });

  it('is offline at once when it said goodbye', async () => {
    const worker = createWorker(b.world, 'node-1');
    await worker.hello();
    await worker.goodbye();
    expect(await read('node-1')).toMatchObject({ status: 'offline' });
  });

  it('keeps its session when it also sends heartbeats over HTTP', async () => {
    await createWorker(b.world, 'node-1', { slots: 4 }).hello();
    expect(await beat('node-1')).toMatchObject({ current_tasks: 0, max_tasks: 4, system_info: HEARTBEAT.system_info });
  });
});

describe('what a person sets', () => {
  it('holds at once for a session that is up', async () => {
    const worker = createWorker(b.world, 'node-1', { slots: 2 });
    await worker.hello();
    const changed = await b.data('PUT /api/workers/node-1', { max_tasks: 20, tags: ['cpu', 'shell'], enabled: true });
    expect(changed).toMatchObject({ max_tasks: 20, tags: ['cpu', 'shell'], enabled: true, status: 'online' });
    expect(worker.received.filter(({ type }) => type === 'configure')).toEqual([
      { type: 'configure', session: worker.session, maxTasks: 20 },
    ]);
    await b.data('PUT /api/workers/node-1', { enabled: false });
    const run = await b.world.submit();
    expect(await b.world.run(run)).toMatchObject({ status: 'ready' });
    await b.data('PUT /api/workers/node-1', { enabled: true });
    await worker.heartbeat();
    expect(await b.world.run(run)).toMatchObject({ status: 'dispatched' });
  });

  it('goes before what the worker says when it comes again', async () => {
    const first = createWorker(b.world, 'node-1', { slots: 5 });
    await first.hello({ tags: ['own'] });
    await first.goodbye();
    await b.data('PUT /api/workers/node-1', { max_tasks: 2, tags: ['set'], enabled: false });
    expect(await read('node-1')).toMatchObject({ status: 'offline', max_tasks: 2, tags: ['set'], enabled: false });
    const again = createWorker(b.world, 'node-1', { slots: 5 });
    await again.hello({ tags: ['own'], session: 'another' });
    expect(again.received).toEqual([expect.objectContaining({ type: 'welcome', maxTasks: 2 })]);
    expect(await read('node-1')).toMatchObject({ max_tasks: 2, tags: ['set'], enabled: false });
    expect(await b.world.run(await b.world.submit())).toMatchObject({ status: 'ready' });
  });

  it('leaves what it does not name', async () => {
    await beat('worker-001');
    await b.data('PUT /api/workers/worker-001', { max_tasks: 20 });
    await b.data('PUT /api/workers/worker-001', { tags: ['a', 'a', 'b'] });
    expect(await b.data('PUT /api/workers/worker-001', { enabled: false })).toMatchObject({
      max_tasks: 20,
      tags: ['a', 'b'],
      enabled: false,
    });
    expect(await b.data('PUT /api/workers/worker-001', {})).toMatchObject({ max_tasks: 20 });
  });

  it('is nobody’s where there is no such worker', async () => {
    expect((await b.send('PUT /api/workers/nobody', { enabled: false })).status).toBe(404);
    expect((await b.send('GET /api/workers/nobody')).status).toBe(404);
  });
});

describe('the list', () => {
  it('has at most 1,000, and tells how many there are', async () => {
    for (let count = 0; count < 1_003; count += 1) {
      const id = `worker-${String(count).padStart(4, '0')}`;
      await b.world.engine.workers.heartbeat(id, { status: 'online', currentTasks: 0 }, ['default']);
    }
    const answer = await b.send('GET /api/workers');
    const workers = answer.body.data as readonly Json[];
    expect([workers.length, workers[0]?.id, workers.at(-1)?.id]).toEqual([1_000, 'worker-0000', 'worker-0999']);
    expect(answer.headers['x-total-count']).toBe('1003');
  });
});
