/** API E: exceptions, and what people do about them. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../support/test-admission.ts';
import { createEWorld, type EWorld, type Json, LONG_ERROR } from './e-world.ts';

let e: EWorld;
beforeEach(async () => {
  e = await createEWorld();
});

const shell = (command: string) => ({ config: { handler: 'shell', command } });
const OK = shell('true');
const FAILS = shell('exit 1');
const NOW = '2030-01-01T00:00:00Z';

type Exception = Json & { readonly id: number };
type Listed = { readonly list: readonly Exception[]; readonly pagination: Json };
let made = 0;
const fail = async (
  tasks: readonly object[] = [{ id: 'deduct', description: '扣款', ...FAILS }],
  over: object = {},
  params: object = {},
) => {
  made += 1;
  const flow = await e.data<{ id: string }>('POST /api/v1/flows', {
    ...{ name: `flow ${made}`, flow_type: 'payment', create_user: 'admin' },
    definition: { tasks, ...over },
  });
  const instance = `order_${made}`;
  await e.data('POST /api/v1/transactions', { instance_id: instance, flow_id: flow.id, params });
  return { flow: flow.id, instance, exception: await newest(flow.id) };
};
const list = (query: string) => e.data<Listed>(`GET /api/v1/exceptions?${query}`);
const newest = async (flow: string): Promise<Exception> => {
  const [first] = (await list(`handled=false&flow_id=${flow}`)).list;
  expect.assert(first !== undefined, 'There is no open exception');
  return first;
};
const act = (id: number, action: string, body: object = {}, as: Credential = 'user-token') =>
  e.data(`POST /api/v1/exceptions/${id}/${action}`, body, as);
const refused = async (id: number, action: string, body: object = {}, as: Credential | undefined = undefined) => {
  const { status, body: answer } = await e.send(`POST /api/v1/exceptions/${id}/${action}`, body, as);
  return [status, answer.message];
};
const read = (id: number) => e.data<Exception>(`GET /api/v1/exceptions/${id}`);
const statusOf = async (instance: string) => (await e.data(`GET /api/v1/transactions/${instance}`)).status;
const actions = () => e.recorded.map(({ action }) => action);

describe('an exception', () => {
  it('tells what failed, of which transaction, and what may be done', async () => {
    const retry = { strategy: 'manual', max_attempts: 3, interval: 300 };
    const { instance, flow, exception } = await fail([{ id: 'deduct', description: '扣款', ...FAILS, retry }]);
    expect(exception).toEqual({
      id: expect.any(Number),
      task_id: `${instance}_deduct`,
      task_name: '扣款',
      error_message: 'RPC call failed',
      handled: false,
      instance_id: instance,
      flow_id: flow,
      flow_name: `flow ${made}`,
      definition_id: 'deduct',
      compensation: false,
      error_reason: 'handler_failed',
      run_id: expect.stringMatching(/~deduct~1$/),
      retry_strategy: 'manual',
      retry_times: 1,
      retry_max: 3,
      retry_interval: 300,
      occurred_at: NOW,
    });
    expect(await read(exception.id)).toEqual({ ...exception, notes: [] });
  });

  it('names a task by its task_name where it has no description', async () => {
    const { exception } = await fail([{ id: 'a', task_name: 'deduct', ...shell('exit 2') }]);
    expect(exception).toMatchObject({ task_name: 'deduct' });
    expect(LONG_ERROR.startsWith(String(exception.error_message))).toBe(true);
  });
});

describe('the list', () => {
  it('is newest first, and goes by flow, time and what is handled', async () => {
    const first = await fail();
    e.world.pass(60_000);
    const second = await fail();
    const ids = async (query: string) => (await list(query)).list.map(({ id }) => id);
    expect(await ids('')).toEqual([second.exception.id, first.exception.id]);
    expect(await ids(`flow_id=${first.flow}`)).toEqual([first.exception.id]);
    expect(await ids('since=2030-01-01T00:01:00Z')).toEqual([second.exception.id]);
    await act(first.exception.id, 'handle');
    expect(await ids('handled=true')).toEqual([first.exception.id]);
    expect(await ids('handled=1')).toEqual([first.exception.id]);
    expect(await ids('handled=false')).toEqual([second.exception.id]);
    expect(await ids('')).toHaveLength(2);
    expect(await ids('page=2&page_size=1')).toEqual([first.exception.id]);
    expect((await list('page_size=1')).pagination).toMatchObject({ total: 2 });
  });
});

describe('handling', () => {
  it('notes who and when, and leaves the transaction as it is', async () => {
    const { exception, instance } = await fail();
    expect(await act(exception.id, 'handle', { remark: '人工确认问题已解决' })).toEqual({
      ...{ exception_id: exception.id, handled: true },
    });
    expect(await read(exception.id)).toMatchObject({
      ...{ handled: true, handled_by: 'user:2', handled_at: NOW, handled_as: 'handled' },
      handled_remark: '人工确认问题已解决',
    });
    expect(await statusOf(instance)).toBe('failed');
  });

  it('takes no body, and is refused the second time', async () => {
    const { exception } = await fail();
    expect(await e.data(`POST /api/v1/exceptions/${exception.id}/handle`)).toMatchObject({ handled: true });
    const words = 'this exception is already handled';
    for (const action of ['handle', 'skip', 'done', 'compensate', 'forward']) {
      expect(await refused(exception.id, action)).toEqual([400, words]);
    }
    expect(await refused(exception.id, 'retry')).toEqual([400, 'handled exception cannot be retried']);
    expect(actions()).toEqual(['exception.handle']);
  });
});

describe('a retry', () => {
  it("is planned after the task's interval, and then executed", async () => {
    const retry = { strategy: 'manual', interval: 20 };
    const { exception, instance } = await fail([{ id: 'deduct', ...FAILS, retry }]);
    expect(await act(exception.id, 'retry')).toEqual({
      exception_id: exception.id,
      retry_scheduled: true,
      retry_next_at: '2030-01-01T00:00:20Z',
    });
    expect(await read(exception.id)).toMatchObject({ handled: false, retry_next_at: '2030-01-01T00:00:20Z' });
    expect(await statusOf(instance)).toBe('running');
    // Asked for again it is the same; its input is settled.
    expect(await act(exception.id, 'retry')).toMatchObject({ retry_next_at: '2030-01-01T00:00:20Z' });
    expect(await refused(exception.id, 'retry', { input: {} })).toEqual([400, expect.stringContaining('under way')]);
    expect(await refused(exception.id, 'retry', { at: NOW })).toEqual([
      400,
      expect.stringContaining('another instant'),
    ]);
    expect(e.worker.orders).toHaveLength(1);
    await e.world.live(20_000);
    await e.settle();
    expect(e.worker.orders).toHaveLength(2);
    // It failed again: it waits for a person again.
    expect(await statusOf(instance)).toBe('failed');
    const again = await newest(exception.flow_id as string);
    expect(again).toMatchObject({ handled: false, retry_times: 2 });
    expect(again).not.toHaveProperty('retry_next_at');
  });

  it('takes another input, for now; where it succeeds the exception is handled, and the rest goes on', async () => {
    const tasks = [
      { id: 'a', task_name: 'deduct', config: { handler: 'shell' } },
      { id: 'b', depends_on: ['a'], ...OK },
    ];
    const { exception, instance } = await fail(tasks, {}, { deduct: { command: 'exit 1' } });
    const answer = await act(exception.id, 'retry', { at: NOW, input: { command: 'echo 1' }, remark: 'wrong command' });
    expect(answer).toMatchObject({ retry_scheduled: true, retry_next_at: NOW });
    expect(JSON.parse(e.worker.orders[1]?.payload ?? '')).toMatchObject({ command: 'echo 1' });
    expect(await statusOf(instance)).toBe('success');
    expect(await read(exception.id)).toMatchObject({ handled: true, handled_as: 'retried' });
  });

  it('is refused where the task is never retried', async () => {
    const { exception } = await fail([{ id: 'deduct', ...FAILS, retry: { strategy: 'no_retry' } }]);
    expect(await refused(exception.id, 'retry')).toEqual([400, 'this exception is configured to not retry']);
  });
});

describe('the desk', () => {
  const UNDO = { compensate: shell('undo') };
  const TWO = [
    { id: 'first', ...OK, ...UNDO },
    { id: 'second', depends_on: ['first'], ...FAILS },
    { id: 'third', depends_on: ['second'], config: { handler: 'shell', command: '$.second.output.command' } },
  ];

  it.each([
    ['skip', 'skipped', 'skipped'],
    ['done', 'done', 'success'],
  ])('%s goes on with the output that is stated', async (action, as, shown) => {
    const { exception, instance } = await fail(TWO);
    const output = { command: 'echo stated' };
    const answer = await act(exception.id, action, { output, remark: 'by hand' });
    expect(answer).toMatchObject({ id: exception.id, handled: true, handled_as: as, handled_remark: 'by hand' });
    expect(answer.transaction_status).toBe('running');
    const transaction = await e.data<{ status: string; tasks: readonly Json[] }>(
      `GET /api/v1/transactions/${instance}`,
    );
    expect([transaction.status, transaction.tasks[1]?.status]).toEqual(['success', shown]);
    expect(JSON.parse(e.worker.orders.at(-1)?.payload ?? '')).toMatchObject(output);
    const { list: tasks } = await e.data<{ list: readonly Json[] }>(`GET /api/v1/transactions/${instance}/tasks`);
    expect(tasks[1]).toMatchObject({ output });
    expect(actions()).toEqual([`exception.${action}`]);
  });

  it('compensate turns the transaction back', async () => {
    const { exception, instance } = await fail(TWO);
    expect(await act(exception.id, 'compensate')).toMatchObject({ transaction_status: 'compensating' });
    expect(await statusOf(instance)).toBe('compensated');
    expect(await read(exception.id)).toMatchObject({ handled: true, handled_as: 'compensated' });
  });

  it('compensate is refused where nothing can be undone, or there is no way back', async () => {
    const without = await fail([{ id: 'a', ...FAILS }]);
    expect(await refused(without.exception.id, 'compensate')).toEqual([
      400,
      expect.stringContaining('no compensation'),
    ]);
    const past = await fail([
      { id: 'first', ...OK, ...UNDO },
      { id: 'pay', depends_on: ['first'], ...OK, pivot: true },
      { id: 'ship', depends_on: ['pay'], ...FAILS },
    ]);
    expect(await refused(past.exception.id, 'compensate')).toEqual([400, expect.stringContaining('(pivot)')]);
    expect(await refused(past.exception.id, 'forward')).toEqual([400, expect.stringContaining('goes forward already')]);
  });

  it('forward does again what was undone', async () => {
    const { flow, instance } = await fail([
      { id: 'first', ...OK, compensate: { ...FAILS, retry: { strategy: 'no_retry' } } },
      { id: 'second', depends_on: ['first'], ...FAILS, retry: { strategy: 'no_retry' } },
    ]);
    const exception = (await list(`flow_id=${flow}`)).list.find(({ compensation }) => compensation === true);
    expect.assert(exception !== undefined);
    expect(exception).toMatchObject({ definition_id: 'first', handled: false });
    expect(await statusOf(instance)).toBe('failed');
    const before = e.worker.orders.length;
    expect(await act(exception.id, 'forward')).toMatchObject({ handled: true, handled_as: 'forward' });
    expect(e.worker.orders.slice(before)[0]?.run).toMatch(/~second~2$/);
  });

  it('assign and comment leave notes, and an exception may be given back', async () => {
    const { exception } = await fail();
    expect(await act(exception.id, 'assign', { assignee: 'lena' })).toMatchObject({ assignee: 'lena' });
    expect(await act(exception.id, 'comment', { text: 'the bank is down' })).toMatchObject({ handled: false });
    expect(await act(exception.id, 'assign', {})).not.toHaveProperty('assignee');
    const { notes } = await read(exception.id);
    expect(notes).toEqual([
      { at: NOW, by: 'user:2', what: 'assign', text: 'lena' },
      { at: NOW, by: 'user:2', what: 'comment', text: 'the bank is down' },
      { at: NOW, by: 'user:2', what: 'assign' },
    ]);
    expect(actions()).toEqual(['exception.assign', 'exception.comment', 'exception.assign']);
  });

  it('records who did what to which task, before it is done', async () => {
    const { exception, instance } = await fail();
    await e.data(`POST /api/v1/exceptions/${exception.id}/skip`);
    expect(e.recorded).toEqual([
      {
        at: e.world.now(),
        actor: 'anonymous',
        action: 'exception.skip',
        entity: `exception:${exception.id}`,
        address: '127.0.0.1',
        requestId: 'request-1',
        detail: `task ${instance}_deduct`,
      },
    ]);
  });
});

describe('a flow that asks for two persons', () => {
  const named = ({ proposal }: Json) => ({ proposal_id: (proposal as Json).id });
  const failing = async () => (await fail(undefined, { two_person_approval: true })).exception;

  it('has what one proposed carried out when another approves', async () => {
    const { id } = await failing();
    const proposed = await act(id, 'skip', { output: { order_id: 7 }, remark: 'by hand' }, 'user-token');
    expect(proposed).toMatchObject({
      handled: false,
      proposal: {
        ...{ id: expect.any(Number), action: 'skip', by: 'user:2', at: NOW },
        ...{ output: { order_id: 7 }, remark: 'by hand' },
      },
    });
    expect(proposed).not.toHaveProperty('transaction_status');
    // A key of hers is no second person.
    for (const same of ['user-token', 'admin-key'] as const) {
      const word = await refused(id, 'approve', named(proposed), same);
      expect(word).toEqual([403, expect.stringContaining('second person')]);
    }
    const done = await act(id, 'approve', named(proposed), 'admin-token');
    expect(done).toMatchObject({ handled: true, handled_as: 'skipped', handled_by: 'user:1' });
    expect(done).not.toHaveProperty('proposal');
    expect(actions()).toEqual(['exception.skip', 'exception.approve']);
    expect(e.recorded[1]).toMatchObject({
      actor: 'user:1',
      detail: expect.stringMatching(/^skip of task order_\d+_deduct$/),
    });
  });

  it('takes the word of the second for what they have read alone', async () => {
    const { id } = await failing();
    const read = await act(id, 'skip', { output: 7 });
    const other = await act(id, 'skip', { output: 1_000_000 });
    const words = 'this is no longer what is proposed: read the exception again';
    for (const action of ['approve', 'reject']) {
      expect(await refused(id, action, named(read), 'admin-token')).toEqual([400, words]);
    }
    expect(actions()).toEqual(['exception.skip', 'exception.skip']);
    expect(await act(id, 'approve', named(other), 'admin-token')).toMatchObject({ handled_as: 'skipped' });
  });

  it('has what one takes for dealt with confirmed by another', async () => {
    const { id } = await failing();
    const proposed = await act(id, 'handle', { remark: 'by hand' });
    expect(proposed).toMatchObject({ exception_id: id, handled: false, proposal: { action: 'handle', by: 'user:2' } });
    expect(await act(id, 'approve', named(proposed), 'admin-token')).toMatchObject({
      ...{ handled: true, handled_as: 'handled', handled_remark: 'by hand' },
    });
  });

  it('is neither retried nor cancelled by one alone', async () => {
    const { instance } = await fail(undefined, { two_person_approval: true });
    for (const action of ['retry', 'cancel']) {
      const { status, body } = await e.send(`POST /api/v1/transactions/${instance}/${action}`, {}, 'admin-token');
      expect([status, body.message]).toEqual([400, expect.stringContaining('at the desk')]);
    }
    expect(await statusOf(instance)).toBe('failed');
  });

  it('answers a retry with what is proposed', async () => {
    const { id } = await failing();
    const at = '2030-01-01T00:05:00Z';
    const proposed = await act(id, 'retry', { at, input: { amount: 90 } });
    expect(proposed).toEqual({
      exception_id: id,
      retry_scheduled: false,
      proposal: {
        ...{ id: expect.any(Number), action: 'retry', by: 'user:2', at: NOW },
        ...{ retry_next_at: at, input: { amount: 90 } },
      },
    });
    expect(await act(id, 'approve', named(proposed), 'admin-token')).toMatchObject({
      handled: false,
      retry_next_at: at,
    });
  });

  it('drops what another rejects', async () => {
    const { id } = await failing();
    const proposed = named(await act(id, 'skip'));
    expect(await act(id, 'reject', proposed, 'admin-token')).not.toHaveProperty('proposal');
    for (const action of ['approve', 'reject']) {
      const word = await refused(id, action, proposed, 'admin-token');
      expect(word).toEqual([400, 'nothing is proposed for this exception']);
    }
  });

  it('takes nothing of those who are not known', async () => {
    const { id } = await failing();
    expect(await refused(id, 'skip')).toEqual([403, expect.stringContaining('send a credential')]);
    const proposed = await act(id, 'skip');
    expect(await refused(id, 'approve', named(proposed))).toEqual([403, expect.stringContaining('send a credential')]);
  });
});

describe('the retry of everything', () => {
  const NIGHT = { from: NOW, to: '2030-01-01T06:00:00Z' };
  const many = (body: object) => e.data<Json>('POST /api/v1/exceptions/retry', { ...NIGHT, ...body }, 'user-token');

  it('takes what failed in the interval, by flow and error, and can be tried first', async () => {
    const first = await fail();
    const second = await fail([{ id: 'a', ...shell('exit 2') }]);
    const nothing = { retried: [], refused: [], more: false };
    const both = [second.exception.id, first.exception.id];
    expect(await many({ dry_run: true })).toEqual({
      ...{ ...nothing, dry_run: true },
      matched: expect.toSatisfy((ids: readonly number[]) => ids.length === 2 && both.every((id) => ids.includes(id))),
    });
    expect(await many({ dry_run: true, flow_id: first.flow })).toMatchObject({ matched: [first.exception.id] });
    expect(await many({ dry_run: true, error_contains: 'xxx' })).toMatchObject({ matched: [second.exception.id] });
    expect(await many({ dry_run: true, error_contains: 'XXX' })).toMatchObject({ matched: [] });
    expect(await many({ dry_run: true, flow_id: 'nobody' })).toMatchObject({ matched: [] });
    const before = { from: '2029-12-31T00:00:00Z', to: NOW };
    expect(await many({ ...before, dry_run: true })).toMatchObject({ matched: [] });
    expect(e.worker.orders).toHaveLength(2);
    expect(actions()).toEqual([]);
  });

  it('retries at once, and says why where it cannot', async () => {
    const fine = await fail();
    const never = await fail([{ id: 'a', ...FAILS, retry: { strategy: 'no_retry' } }]);
    const done = await many({});
    expect(done).toMatchObject({
      dry_run: false,
      retried: [fine.exception.id],
      refused: [{ exception_id: never.exception.id, message: 'this exception is configured to not retry' }],
      more: false,
    });
    expect(e.worker.orders).toHaveLength(3);
    expect(e.recorded).toEqual([
      expect.objectContaining({
        ...{ action: 'exception.retry', entity: 'exceptions', actor: 'user:2' },
        detail: JSON.stringify(NIGHT),
      }),
    ]);
  });
});
