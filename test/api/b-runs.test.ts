/** API B: runs of tasks, by hand and by schedule, and what became of each occurrence. */
import { beforeEach, describe, expect, it } from 'vitest';
import { call } from '../support/http-event.ts';
import { NOW } from '../support/rows.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

let b: BWorld;
let worker: WorldWorker;
beforeEach(async () => {
  b = createBWorld();
  worker = createWorker(b.world, 'worker-1', { slots: 5, handlers: ['shell', 'send_email'] });
});

const HOUR_MS = 3_600_000;
const SHELL = { name: 'hello', executor: 'shell', command: 'echo hello' };
const create = async (over: Json = {}): Promise<number> => {
  const { id } = await b.data<{ id: number }>('POST /api/tasks', { ...SHELL, ...over });
  return id;
};
const trigger = (id: number) => b.data<Json & { id: string }>(`POST /api/tasks/${id}/trigger`);
const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString().replace('.000Z', 'Z');

describe('a trigger', () => {
  it('answers with the run as it was first stored, though a worker has it already', async () => {
    await worker.hello();
    const id = await create();
    const run = await trigger(id);
    expect(run).toEqual({
      id: expect.stringMatching(new RegExp(`^${id}\\.\\d{13}$`)),
      task_id: id,
      status: 'pending',
      worker_id: null,
      attempt: 0,
      scheduled_at: expect.any(String),
      started_at: null,
      completed_at: null,
      exit_code: null,
      result: null,
      error_message: null,
      execution_duration_ms: null,
      created_at: expect.any(String),
      trigger: 'manual',
      skip_reason: null,
    });
    expect(worker.orderOf(run.id)).toMatchObject({ handler: 'shell', payload: '{"command":"echo hello"}' });
    expect(await b.data(`GET /api/runs/${run.id}`)).toMatchObject({ status: 'dispatched', worker_id: 'worker-1' });
  });

  it('is allowed of a paused task, and not of a disabled one', async () => {
    expect(await trigger(await create({ status: 'paused' }))).toMatchObject({ status: 'pending' });
    const disabled = await create({ name: 'off', status: 'disabled' });
    expect((await b.send(`POST /api/tasks/${disabled}/trigger`)).status).toBe(400);
  });

  it('is a conflict while the run before has not ended, unless the policy allows it', async () => {
    const id = await create();
    const { id: run } = await trigger(id);
    const { status, body } = await b.send(`POST /api/tasks/${id}/trigger`);
    expect([status, body.message]).toEqual([409, expect.stringContaining(run)]);
    const free = await create({ name: 'free', concurrency_policy: 'allow' });
    await trigger(free);
    expect(await trigger(free)).toMatchObject({ status: 'pending' });
  });
});

describe('a trigger under an Idempotency-Key', () => {
  it('is one run, also while the policy would refuse another', async () => {
    const id = await create();
    const other = await create({ name: 'other' });
    const send = (task: number, key: string) =>
      call(b.handler, `POST /api/tasks/${task}/trigger`, {
        headers: { authorization: 'Bearer admin-key', 'idempotency-key': key },
      });
    const first = (await send(id, 'once')).json() as { data: object };
    b.world.pass(1_000);
    expect((await send(id, 'once')).json()).toMatchObject({ data: first.data });
    expect((await send(id, 'twice')).status).toBe(409);
    const { status, text } = await send(other, 'once');
    expect([status, text]).toEqual([409, expect.stringContaining('幂等键冲突')]);
  });
});

describe('a run', () => {
  it('shows what its process wrote, its exit code and its time', async () => {
    await worker.hello();
    const id = await create({ retry_count: 0 });
    const { id: run } = await trigger(id);
    b.world.pass(1_000);
    await worker.finish([worker.orderOf(run)], {
      outcome: 'failed',
      reason: 'handler_failed',
      exitCode: 3,
      output: 'half',
      error: 'no disk',
      startedAt: NOW + 10,
      durationMs: 900,
    });
    const shown = await b.data(`GET /api/runs/${run}`);
    expect(shown).toMatchObject({
      status: 'failed',
      worker_id: 'worker-1',
      attempt: 1,
      started_at: at(10),
      completed_at: expect.any(String),
      exit_code: 3,
      result: 'half',
      error_message: 'no disk',
      execution_duration_ms: 900,
    });
    expect(await b.data(`GET /api/tasks/${id}`)).toMatchObject({
      recent_runs: [shown],
      last_run_at: expect.any(String),
    });
  });

  it('that succeeded shows what went to its standard error', async () => {
    await worker.hello();
    const { id: run } = await trigger(await create());
    await worker.finish([worker.orderOf(run)], { outcome: 'succeeded', exitCode: 0, output: 'done', log: 'a warning' });
    expect(await b.data(`GET /api/runs/${run}`)).toMatchObject({
      status: 'completed',
      exit_code: 0,
      result: 'done',
      error_message: 'a warning',
    });
  });

  it('that was submitted without a task has none', async () => {
    const run = await b.world.submit();
    expect(await b.data(`GET /api/runs/${run}`)).toMatchObject({ id: run, task_id: null, status: 'pending' });
  });

  it('is cancelled once, and the command is recorded', async () => {
    const { id: run } = await trigger(await create());
    expect(await b.data(`POST /api/runs/${run}/cancel`)).toMatchObject({ id: run, status: 'cancelled' });
    expect((await b.send(`POST /api/runs/${run}/cancel`)).status).toBe(409);
    expect(b.recorded).toEqual([
      expect.objectContaining({ action: 'run.cancel', entity: `run:${run}`, actor: 'key:10' }),
    ]);
  });

  it('that is not there is 404, by either form of id', async () => {
    for (const id of ['123', '123.1893456000000', '123.1893456000000.5']) {
      expect((await b.send(`GET /api/runs/${id}`)).status).toBe(404);
      expect((await b.send(`POST /api/runs/${id}/cancel`)).status).toBe(404);
    }
    expect(b.recorded).toEqual([]);
  });

  it('that a person deleted is 404', async () => {
    const { id: run } = await trigger(await create());
    await b.world.engine.noteRun(run, { hidden: true });
    expect((await b.send(`GET /api/runs/${run}`)).status).toBe(404);
  });
});

describe('the runs of a task', () => {
  it('are its own, newest first, by page, cursor and status', async () => {
    const id = await create({ concurrency_policy: 'allow' });
    const other = await create({ name: 'other' });
    await trigger(other);
    const made: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      b.world.pass(1_000);
      made.unshift((await trigger(id)).id);
    }
    await b.send(`POST /api/runs/${made[1]}/cancel`);
    const list = async (query = '') => b.data<{ items: Json[] } & Json>(`GET /api/tasks/${id}/runs${query}`);
    const ids = async (query: string) => (await list(query)).items.map((run) => run.id);
    expect(await list()).toMatchObject({ total: 3, page: 1, page_size: 20, total_pages: 1 });
    expect(await ids('')).toEqual(made);
    expect(await ids('?size=2&page=2')).toEqual([made[2]]);
    expect(await ids(`?size=2&cursor=${(await list('?size=2')).next_cursor}`)).toEqual([made[2]]);
    expect(await ids('?status=cancelled')).toEqual([made[1]]);
    expect(await ids('?status=pending')).toEqual([made[0], made[2]]);
    expect(await ids('?status=running')).toEqual([]);
  });
});

describe('the ledger', () => {
  it('has each occurrence once, with what became of it', async () => {
    await worker.hello();
    b.world.pass(1_000);
    const id = await create({ schedule: '0 * * * *' });
    const fireNext = async () => {
      while (b.world.alarms()[0] !== undefined && worker.orders.length === 0) {
        await worker.heartbeat();
        await b.world.ringNext();
      }
    };
    await fireNext();
    const ledger = async (from: number, to: number) =>
      (await b.data<{ items: Json[] }>(`GET /api/tasks/${id}/ledger?from=${at(from)}&to=${at(to)}`)).items;
    expect(await ledger(0, 2.5 * HOUR_MS)).toEqual([
      {
        scheduled_at: at(HOUR_MS),
        outcome: 'ran',
        reason: null,
        run_id: `${id}.${NOW + HOUR_MS}`,
        status: expect.any(String),
      },
      { scheduled_at: at(2 * HOUR_MS), outcome: 'due', reason: null, run_id: null, status: null },
    ]);
    await b.send(`PUT /api/tasks/${id}`, { status: 'paused' });
    b.world.pass(2 * HOUR_MS);
    await b.send(`PUT /api/tasks/${id}`, { status: 'active' });
    expect(await ledger(2 * HOUR_MS, 3 * HOUR_MS)).toMatchObject([
      { scheduled_at: at(2 * HOUR_MS), outcome: 'skipped', reason: 'paused' },
    ]);
  });

  it('goes on where its limit ended it', async () => {
    b.world.pass(1_000);
    const id = await create({ schedule: '0 * * * *' });
    const range = `from=${at(0)}&to=${at(10 * HOUR_MS)}`;
    const { items, next_from } = await b.data<{ items: Json[]; next_from: string }>(
      `GET /api/tasks/${id}/ledger?${range}&limit=4`,
    );
    expect([items.length, next_from]).toEqual([4, at(5 * HOUR_MS)]);
    const rest = await b.data<Json & { items: Json[] }>(
      `GET /api/tasks/${id}/ledger?from=${next_from}&to=${at(10 * HOUR_MS)}&limit=1000`,
    );
    expect([rest.items.length, rest.next_from]).toEqual([5, undefined]);
  });
});
