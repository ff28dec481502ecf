/** API E: flows, their versions and their rehearsal. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createEWorld, type EWorld, type Json } from './e-world.ts';

let e: EWorld;
beforeEach(async () => {
  e = await createEWorld();
});

const step = (id: string, over: object = {}) => ({ id, config: { handler: 'shell', command: 'true' }, ...over });
const EMPTY = '{"name":"payment_flow","tasks":[]}';
const ONE = JSON.stringify({ tasks: [step('deduct')] });
const FORM = { name: 'payment_flow', flow_type: 'payment', definition: EMPTY, create_user: 'admin' };
const NOW = '2030-01-01T00:00:00Z';

type Flow = Json & { readonly id: string };
const create = (over: object = {}, as?: Parameters<EWorld['data']>[2]) =>
  e.data<Flow>('POST /api/v1/flows', { ...FORM, ...over }, as);
const names = async () => (await e.data<{ list: readonly Flow[] }>('GET /api/v1/flows')).list.map(({ name }) => name);

describe('a flow', () => {
  it('is answered whole when it is created, and read as that', async () => {
    const made = await create({ description: '支付流程' });
    expect(made).toEqual({
      id: expect.stringMatching(/^\d+$/),
      name: 'payment_flow',
      description: '支付流程',
      flow_type: 'payment',
      definition: EMPTY,
      version: 1,
      latest_version: 1,
      is_active: true,
      create_user: 'admin',
      updated_user: 'admin',
      created_at: NOW,
      updated_at: NOW,
      warnings: [],
    });
    expect(await e.data(`GET /api/v1/flows/${made.id}`)).toEqual(made);
  });

  it('keeps a definition as it was sent, and an object as its JSON', async () => {
    const spaced = `{ "tasks": [] }\n`;
    expect((await create({ definition: spaced })).definition).toBe(spaced);
    expect((await create({ name: 'object', definition: { tasks: [] } })).definition).toBe('{"tasks":[]}');
    const exact = `{"name":"exact","flow_type":"x","create_user":"x","definition":{"tasks":[{"id":"a","config":{"n":12345678901234567890,"f":1.0}}]}}`;
    const { id } = await e.data<Flow>('POST /api/v1/flows', exact);
    expect((await e.data(`GET /api/v1/flows/${id}`)).definition).toContain('"n":12345678901234567890,"f":1.0');
  });

  it('warns of what is allowed, and perhaps not meant', async () => {
    const tasks = [step('deduct'), step('ship', { depends_on: ['deduct'], pivot: true })];
    const { id, warnings } = await create({ definition: { tasks } });
    expect(warnings).toEqual([expect.stringContaining('"deduct"')]);
    expect((await e.data(`GET /api/v1/flows/${id}`)).warnings).toEqual(warnings);
  });

  it('has a name of its own, which is free again when it is deleted', async () => {
    const { id } = await create();
    const again = await e.send('POST /api/v1/flows', FORM);
    expect([again.status, again.body.message]).toEqual([400, expect.stringContaining('"payment_flow" exists')]);
    expect(await e.data(`DELETE /api/v1/flows/${id}`)).toEqual({ flow_id: id, deleted: true });
    expect((await e.send(`GET /api/v1/flows/${id}`)).status).toBe(404);
    expect((await e.send(`DELETE /api/v1/flows/${id}`)).status).toBe(404);
    expect(await names()).toEqual([]);
    expect((await create()).id).not.toBe(id);
  });
});

describe('a change', () => {
  it('of the definition is the next version; all can be read, and nothing else changes', async () => {
    const made = await create();
    const changed = await e.data(`PUT /api/v1/flows/${made.id}`, { definition: ONE, updated_user: 'lena' });
    expect(changed).toEqual({
      ...{ ...made, definition: ONE, version: 2, latest_version: 2, updated_user: 'lena' },
      updated_at: expect.any(String),
    });
    expect(await e.data(`GET /api/v1/flows/${made.id}`)).toEqual(changed);
    expect(await e.data(`GET /api/v1/flows/${made.id}?version=1`)).toMatchObject({
      ...{ definition: EMPTY, version: 1, latest_version: 2 },
    });
    expect((await e.send(`GET /api/v1/flows/${made.id}?version=3`)).status).toBe(404);
  });

  it('that says what is so already makes no version', async () => {
    const { id } = await create();
    for (const body of [{}, { definition: EMPTY }, { name: null, description: null, colour: 'red' }]) {
      expect(await e.data(`PUT /api/v1/flows/${id}`, body)).toMatchObject({ latest_version: 1, name: FORM.name });
    }
  });

  it('of the name cannot take that of another', async () => {
    const { id } = await create();
    await create({ name: 'other' });
    expect((await e.send(`PUT /api/v1/flows/${id}`, { name: 'other' })).status).toBe(400);
    expect(await e.data(`PUT /api/v1/flows/${id}`, { name: 'renamed' })).toMatchObject({ name: 'renamed' });
    expect(await create({ name: FORM.name })).toMatchObject({ name: FORM.name });
  });

  it('leaves transactions the version that they were started with', async () => {
    const { id } = await create({ definition: ONE });
    const start = (instance_id: string) => e.data('POST /api/v1/transactions', { instance_id, flow_id: id });
    await start('before');
    await e.data(`PUT /api/v1/flows/${id}`, { definition: EMPTY });
    await start('after');
    expect(await e.data('GET /api/v1/transactions/before')).toMatchObject({ flow_version: 1, tasks: [{}] });
    expect(await e.data('GET /api/v1/transactions/after')).toMatchObject({ flow_version: 2, tasks: [] });
  });
});

describe('a flow in use', () => {
  const WAITING = JSON.stringify({ tasks: [{ id: 'wait', type: 'wait', config: { signal: true } }] });

  it('cannot be deleted; what is over holds it no longer', async () => {
    const { id } = await create({ definition: WAITING });
    await e.data('POST /api/v1/transactions', { instance_id: 'order', flow_id: id });
    const refused = await e.send(`DELETE /api/v1/flows/${id}`);
    expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining('has not ended')]);
    await e.data('POST /api/v1/transactions/order/cancel');
    expect(await e.data(`DELETE /api/v1/flows/${id}`)).toMatchObject({ deleted: true });
    // What is over can still be read.
    expect(await e.data('GET /api/v1/transactions/order')).toMatchObject({ status: 'cancelled', tasks: [{}] });
  });

  it('that is not active starts nothing; what runs goes on', async () => {
    const { id } = await create({ definition: WAITING });
    await e.data('POST /api/v1/transactions', { instance_id: 'first', flow_id: id });
    expect(await e.data(`POST /api/v1/flows/${id}/deactivate`, undefined, 'user-token')).toMatchObject({
      is_active: false,
      updated_user: 'user',
    });
    const refused = await e.send('POST /api/v1/transactions', { instance_id: 'second', flow_id: id });
    expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining('/activate')]);
    expect(await e.data('POST /api/v1/transactions', { instance_id: 'first', flow_id: id })).toMatchObject({
      status: 'running',
    });
    await e.data('POST /api/v1/transactions/first/signal', { task_id: 'wait' });
    expect(await e.data('GET /api/v1/transactions/first')).toMatchObject({ status: 'success' });
    expect(await e.data(`POST /api/v1/flows/${id}/activate`)).toMatchObject({ is_active: true });
    expect((await e.send('POST /api/v1/transactions', { instance_id: 'second', flow_id: id })).status).toBe(200);
  });
});

describe('the list', () => {
  it('is paged, newest first', async () => {
    for (const name of ['a', 'b', 'c']) {
      await create({ name });
      e.world.pass(1_000);
    }
    expect(await names()).toEqual(['c', 'b', 'a']);
    const page = await e.data<{ list: readonly Flow[]; pagination: Json }>('GET /api/v1/flows?page=2&page_size=2');
    expect(page).toEqual({
      list: [expect.objectContaining({ name: 'a' })],
      pagination: { page: 2, page_size: 2, total: 3 },
    });
    expect(page.list[0]).not.toHaveProperty('definition');
  });
});

describe('a rehearsal', () => {
  it('tells for each failure where it ends and in which order it unwinds, and executes nothing', async () => {
    const undo = { compensate: { config: { handler: 'shell', command: 'true' } } };
    const retry = { retry: { strategy: 'no_retry' } };
    const tasks = [step('deduct', { ...undo, ...retry }), step('ship', { depends_on: ['deduct'], ...retry })];
    const { id } = await create({ definition: { tasks } });
    const { scenarios, ...head } = await e.data<{ scenarios: readonly Json[] }>(`POST /api/v1/flows/${id}/rehearse`);
    expect(head).toEqual({ flow_id: id, version: 1 });
    const nothing = { turned_back_by_person: false, compensated: [], left: ['deduct', 'ship'], exceptions: [] };
    expect(scenarios).toContainEqual({ failures: [], ends: 'success', executed: ['deduct', 'ship'], ...nothing });
    expect(scenarios).toContainEqual(
      expect.objectContaining({
        failures: [{ task_id: 'ship', compensation: false, as: 'failed' }],
        ends: 'compensated',
        executed: ['deduct', 'ship'],
        compensated: ['deduct'],
      }),
    );
    expect(scenarios).toContainEqual(
      expect.objectContaining({
        failures: expect.arrayContaining([{ task_id: 'deduct', compensation: true, as: 'failed' }]),
        ends: 'failed',
      }),
    );
    expect(e.worker.orders).toEqual([]);
    expect((await e.send(`POST /api/v1/flows/${id}/rehearse?version=2`)).status).toBe(404);
  });
});
