/** API E: transactions, their tasks, their log, signals and cancelling. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createEWorld, type EWorld, type Json, LONG_ERROR } from './e-world.ts';

let e: EWorld;
beforeEach(async () => {
  e = await createEWorld();
});

const shell = (command: string) => ({ config: { handler: 'shell', command } });
const OK = shell('true');
const FAILS = shell('exit 1');
const SIGNAL = { type: 'wait', config: { signal: true } };
const NOW = '2030-01-01T00:00:00Z';

let flows = 0;
const addFlow = async (tasks: readonly object[], over: object = {}): Promise<string> => {
  flows += 1;
  const form = { name: `flow ${flows}`, flow_type: 'payment', create_user: 'admin' };
  const { id } = await e.data<{ id: string }>('POST /api/v1/flows', { ...form, definition: { tasks, ...over } });
  return id;
};
const start = async (tasks: readonly object[], instance_id = 'order', params?: object): Promise<Json> => {
  const flow_id = await addFlow(tasks);
  return e.data('POST /api/v1/transactions', { instance_id, flow_id, ...(params && { params }) });
};
type Task = Json & { readonly id: string; readonly status: string };
type Transaction = Json & { readonly status: string; readonly tasks: readonly Task[] };
const read = (instance = 'order') => e.data<Transaction>(`GET /api/v1/transactions/${instance}`);
const statuses = async () =>
  Object.fromEntries((await read()).tasks.map(({ definition_id, status }) => [definition_id, status]));
type Listed = { readonly list: readonly Json[]; readonly pagination: Json };
const refused = async (request: string, body?: object) => {
  const { status, body: answer } = await e.send(request, body);
  return [status, answer.message];
};

describe('a start', () => {
  it('answers as it was first committed, and afterwards as it stands', async () => {
    const flow_id = await addFlow([{ id: 'deduct', ...OK }]);
    const body = { instance_id: 'order', flow_id, params: { deduct: { amount: 100 } } };
    expect(await e.data('POST /api/v1/transactions', body)).toEqual({
      ...{ instance_id: 'order', flow_id, status: 'pending', created_at: NOW },
    });
    expect(e.worker.orders).toHaveLength(1);
    expect(await e.data('POST /api/v1/transactions', body)).toMatchObject({ status: 'success', created_at: NOW });
    expect(e.worker.orders).toHaveLength(1);
  });

  it('gives each task the parameters under its name, over its configuration', async () => {
    await start([{ id: 'a', task_name: 'deduct', ...OK }], 'order', {
      deduct: { user_id: 'user_001', amount: 100 },
      a: {},
    });
    expect(JSON.parse(e.worker.orders[0]?.payload ?? '')).toEqual({
      command: 'true',
      user_id: 'user_001',
      amount: 100,
    });
  });

  it('keeps many parameters, and shows them', async () => {
    const params = { deduct: { text: 'x'.repeat(5_000) } };
    await start([{ id: 'deduct', ...OK }], 'order', params);
    expect((await read()).params).toEqual(params);
  });
});

describe('a transaction', () => {
  it('shows its tasks in the order of the definition', async () => {
    await start([
      { id: 'deduct', task_name: 'deduct', description: '扣款', ...OK },
      { id: 'notify', depends_on: ['deduct'], ...SIGNAL },
      { id: 'last', depends_on: ['notify'], ...OK },
    ]);
    const transaction = await read();
    expect(transaction).toMatchObject({ status: 'running', flow_version: 1, params: {} });
    expect(transaction).not.toHaveProperty('completed_at');
    expect(transaction).not.toHaveProperty('error');
    expect(transaction.tasks).toEqual([
      {
        id: 'order_deduct',
        name: '扣款',
        status: 'success',
        definition_id: 'deduct',
        task_name: 'deduct',
        type: 'worker',
        attempts: 1,
        run_id: expect.stringMatching(/^\d+~deduct~1$/),
        started_at: NOW,
        completed_at: NOW,
      },
      expect.objectContaining({ id: 'order_notify', name: 'notify', status: 'running', type: 'wait' }),
      {
        ...{ id: 'order_last', name: 'last', status: 'pending', definition_id: 'last', task_name: 'last' },
        ...{ type: 'worker', attempts: 0 },
      },
    ]);
  });

  it('that failed says why; what depends on the failed task is skipped, other branches go on', async () => {
    await start([
      { id: 'bad', ...FAILS },
      { id: 'after', depends_on: ['bad'], ...OK },
      { id: 'other', ...OK },
    ]);
    expect(await read()).toMatchObject({ status: 'failed', error: 'RPC call failed' });
    expect(await read()).not.toHaveProperty('completed_at');
    expect(await statuses()).toEqual({ bad: 'failed', after: 'skipped', other: 'success' });
    expect((await read()).tasks[0]).toMatchObject({ error_message: 'RPC call failed', attempts: 1 });
  });

  it('shows a long error whole', async () => {
    await start([{ id: 'bad', ...shell('exit 2') }]);
    const transaction = await read();
    expect([transaction.error, transaction.tasks[0]?.error_message]).toEqual([LONG_ERROR, LONG_ERROR]);
    const { list } = await e.data<Listed>('GET /api/v1/transactions/order/tasks');
    expect(list[0]?.error_message).toBe(LONG_ERROR);
  });

  it('that is compensated shows each task as that', async () => {
    const undo = { compensate: shell('undo') };
    await start([
      { id: 'deduct', ...OK, ...undo },
      { id: 'ship', depends_on: ['deduct'], ...FAILS, retry: { strategy: 'no_retry' } },
    ]);
    const transaction = await read();
    expect(transaction).toMatchObject({
      status: 'compensated',
      completed_at: expect.any(String),
      error: 'RPC call failed',
    });
    expect(transaction.tasks[0]).toMatchObject({
      status: 'compensated',
      compensation: { status: 'success', run_id: expect.stringMatching(/~deduct~c1$/), completed_at: NOW },
    });
    expect(transaction.tasks[1]).toMatchObject({ status: 'failed' });
    expect(transaction.tasks[1]).not.toHaveProperty('compensation');
  });

  it('whose compensation fails for good waits for a person', async () => {
    const undo = { compensate: { ...FAILS, retry: { strategy: 'no_retry' } } };
    await start([
      { id: 'deduct', ...OK, ...undo },
      { id: 'ship', depends_on: ['deduct'], ...FAILS, retry: { strategy: 'no_retry' } },
    ]);
    const transaction = await read();
    expect(transaction).toMatchObject({ status: 'failed', error: 'RPC call failed' });
    expect(transaction.tasks[0]).toMatchObject({
      status: 'success',
      compensation: { status: 'failed', error_message: 'RPC call failed' },
    });
  });
});

describe('the list', () => {
  it('is newest first, and goes by flow, status and time', async () => {
    const flow = await addFlow([{ id: 'a', ...OK }]);
    const waiting = await addFlow([{ id: 'a', ...SIGNAL }]);
    for (const [instance_id, flow_id] of [
      ['one', flow],
      ['two', waiting],
      ['three', flow],
    ]) {
      await e.data('POST /api/v1/transactions', { instance_id, flow_id });
      e.world.pass(60_000);
    }
    await start([{ id: 'bad', ...FAILS }], 'four');
    const instances = async (query: string) =>
      (await e.data<Listed>(`GET /api/v1/transactions?${query}`)).list.map(({ instance_id }) => instance_id);
    expect(await instances('')).toEqual(['four', 'three', 'two', 'one']);
    expect(await instances(`flow_id=${flow}`)).toEqual(['three', 'one']);
    expect(await instances('status=success')).toEqual(['three', 'one']);
    expect(await instances('status=running')).toEqual(['two']);
    expect(await instances('status=pending')).toEqual(['two']);
    expect(await instances('status=failed')).toEqual(['four']);
    expect(await instances('status=compensated')).toEqual([]);
    expect(await instances(`flow_id=${flow}&status=failed`)).toEqual([]);
    expect(await instances('since=2030-01-01T00:01:00Z')).toEqual(['four', 'three', 'two']);
    expect(await instances('page=2&page_size=3')).toEqual(['one']);
    const { list, pagination } = await e.data<Listed>('GET /api/v1/transactions?page_size=1');
    expect(pagination).toMatchObject({ page: 1, page_size: 1, total: 4 });
    expect(list[0]).toMatchObject({ status: 'failed', flow_version: 1, created_at: expect.any(String) });
    expect(list[0]).not.toHaveProperty('tasks');
  });
});

describe('a retry', () => {
  it('does again what failed and what never ran, and nothing else', async () => {
    await start(
      [
        { id: 'first', ...OK },
        { id: 'bad', depends_on: ['first'], ...FAILS },
      ],
      'order',
      { bad: { amount: 7 } },
    );
    expect(e.worker.orders).toHaveLength(2);
    expect(await e.data('POST /api/v1/transactions/order/retry')).toEqual({ instance_id: 'order', status: 'pending' });
    expect(e.worker.orders).toHaveLength(3);
    expect(e.worker.orders[2]).toMatchObject({ run: expect.stringMatching(/~bad~2$/) });
    expect(JSON.parse(e.worker.orders[2]?.payload ?? '')).toMatchObject({ amount: 7 });
  });

  it('is recorded before', async () => {
    await start([{ id: 'bad', ...FAILS }]);
    await e.data('POST /api/v1/transactions/order/retry', {}, 'user-token');
    await e.send('POST /api/v1/transactions/nobody/retry');
    expect(e.recorded).toEqual([
      expect.objectContaining({ actor: 'user:2', action: 'transaction.retry', entity: 'transaction:order' }),
    ]);
  });

  it('is refused of one that has not failed', async () => {
    await start([{ id: 'wait', ...SIGNAL }]);
    const words = 'only failed transactions can be retried';
    expect(await refused('POST /api/v1/transactions/order/retry')).toEqual([400, words]);
    await e.data('POST /api/v1/transactions/order/signal', { task_id: 'wait' });
    expect(await refused('POST /api/v1/transactions/order/retry')).toEqual([400, words]);
    expect(e.recorded.filter(({ action }) => action === 'transaction.retry')).toEqual([]);
  });
});

describe('cancelling', () => {
  const undo = { compensate: shell('undo') };

  it('compensates what was done, and is recorded before', async () => {
    await start([
      { id: 'deduct', ...OK, ...undo },
      { id: 'wait', depends_on: ['deduct'], ...SIGNAL },
    ]);
    const answer = await e.data('POST /api/v1/transactions/order/cancel', {}, 'user-token');
    expect(answer).toEqual({ instance_id: 'order', status: 'compensating' });
    expect(e.recorded).toEqual([
      expect.objectContaining({ actor: 'user:2', action: 'transaction.cancel', entity: 'transaction:order' }),
    ]);
    expect(await read()).toMatchObject({ status: 'compensated' });
    expect(await statuses()).toEqual({ deduct: 'compensated', wait: 'cancelled' });
  });

  it('with compensate false leaves what was done', async () => {
    await start([
      { id: 'deduct', ...OK, ...undo },
      { id: 'wait', depends_on: ['deduct'], ...SIGNAL },
    ]);
    const answer = await e.data('POST /api/v1/transactions/order/cancel', { compensate: false });
    expect(answer).toEqual({ instance_id: 'order', status: 'cancelled' });
    expect(await statuses()).toEqual({ deduct: 'success', wait: 'cancelled' });
    expect(e.recorded).toEqual([expect.objectContaining({ actor: 'anonymous', detail: 'nothing is compensated' })]);
  });

  it('is refused of one that has ended, and past the point of no return', async () => {
    await start([{ id: 'a', ...OK }], 'done');
    expect(await refused('POST /api/v1/transactions/done/cancel')).toEqual([400, 'the transaction has ended']);
    expect(e.recorded).toEqual([]);
    await start([
      { id: 'pay', ...OK, pivot: true },
      { id: 'wait', depends_on: ['pay'], ...SIGNAL },
    ]);
    expect(await refused('POST /api/v1/transactions/order/cancel')).toEqual([400, expect.stringContaining('(pivot)')]);
    expect(await read()).toMatchObject({ status: 'running' });
  });
});

describe('a signal', () => {
  it('ends the task that waits for it, by either of its ids, with an output', async () => {
    const tasks = [
      { id: 'approval', ...SIGNAL },
      { id: 'pay', depends_on: ['approval'], config: { handler: 'shell', command: '$.approval.output.command' } },
    ];
    await start(tasks, 'one');
    expect(
      await e.data('POST /api/v1/transactions/one/signal', { task_id: 'approval', output: { command: 'echo 1' } }),
    ).toEqual({ instance_id: 'one', task_id: 'one_approval', signalled: true });
    expect(JSON.parse(e.worker.orders[0]?.payload ?? '')).toMatchObject({ command: 'echo 1' });
    await start(tasks, 'two');
    await e.data('POST /api/v1/transactions/two/signal', { task_id: 'two_approval', output: { command: 'echo 2' } });
    expect(await read('two')).toMatchObject({ status: 'success' });
  });

  it('of a transaction whose name begins the name of a task ends that task, and none that is shown so', async () => {
    await start([
      { id: 'order_check', ...SIGNAL },
      { id: 'other', ...SIGNAL },
    ]);
    await e.data('POST /api/v1/transactions/order/signal', { task_id: 'order_check' });
    expect(await statuses()).toEqual({ order_check: 'success', other: 'running' });
    await start(
      [
        { id: 'twice_check', ...SIGNAL },
        { id: 'check', ...SIGNAL },
      ],
      'twice',
    );
    const signal = (task_id: string) => refused('POST /api/v1/transactions/twice/signal', { task_id });
    expect(await signal('twice_check')).toEqual([
      400,
      'task_id "twice_check" may be the task "twice_check" or the task "check" of the definition: send "twice_twice_check" or "check"',
    ]);
    expect(await refused('GET /api/v1/transactions/twice/logs?task_id=twice_check')).toEqual([
      400,
      expect.stringContaining('send "twice_twice_check" or "check"'),
    ]);
    await e.data('POST /api/v1/transactions/twice/signal', { task_id: 'twice_twice_check' });
    expect((await read('twice')).tasks.map(({ status }) => status)).toEqual(['success', 'running']);
  });

  it('is refused where nothing waits for it', async () => {
    await start([
      { id: 'a', ...OK },
      { id: 'wait', ...SIGNAL },
    ]);
    const words = 'no such task of this transaction waits for a signal';
    for (const task_id of ['a', 'nobody', 'order_nobody', '__proto__']) {
      expect(await refused('POST /api/v1/transactions/order/signal', { task_id })).toEqual([400, words]);
    }
    await e.data('POST /api/v1/transactions/order/signal', { task_id: 'wait' });
    expect(await refused('POST /api/v1/transactions/order/signal', { task_id: 'wait' })).toEqual([400, words]);
  });

  it('is refused with an output over 64 KB', async () => {
    await start([{ id: 'wait', ...SIGNAL }]);
    const output = 'x'.repeat(64 * 1024);
    expect(await refused('POST /api/v1/transactions/order/signal', { task_id: 'wait', output })).toEqual([
      400,
      'output may have at most 65536 bytes',
    ]);
  });
});

describe('the tasks', () => {
  it('are listed with what they gave, wherever it lies', async () => {
    const long = { text: 'x'.repeat(5_000) };
    await start([
      { id: 'short', ...OK },
      { id: 'long', ...SIGNAL },
      { id: 'none', depends_on: ['long'], ...FAILS },
    ]);
    await e.data('POST /api/v1/transactions/order/signal', { task_id: 'long', output: long });
    const { list, pagination } = await e.data<Listed>('GET /api/v1/transactions/order/tasks');
    expect(pagination).toEqual({ page: 1, page_size: 20, total: 3 });
    expect(list).toMatchObject([
      { id: 'order_short', status: 'success', output: { order_id: 7 } },
      { id: 'order_long', status: 'success', output: long },
      { id: 'order_none', status: 'failed' },
    ]);
    expect(list[2]).not.toHaveProperty('output');
    const second = await e.data<Listed>('GET /api/v1/transactions/order/tasks?page=2&page_size=2');
    expect(second.list).toMatchObject([{ id: 'order_none' }]);
  });
});

describe('the log', () => {
  const told = async (query = '') =>
    (await e.data<Listed>(`GET /api/v1/transactions/order/logs${query}`)).list.map(
      ({ task_id, action, compensation }) => [task_id, action, ...(compensation === true ? ['compensation'] : [])],
    );

  it('tells of each try, oldest first, those of compensations too', async () => {
    await start([
      { id: 'deduct', ...OK, compensate: shell('undo') },
      { id: 'ship', depends_on: ['deduct'], ...FAILS },
    ]);
    e.world.pass(1_000);
    await e.data('POST /api/v1/transactions/order/retry');
    e.world.pass(1_000);
    await e.data('POST /api/v1/transactions/order/cancel');
    expect(await told()).toEqual([
      ['order_deduct', 'start'],
      ['order_deduct', 'success'],
      ['order_ship', 'start'],
      ['order_ship', 'failed'],
      ['order_ship', 'retry'],
      ['order_ship', 'failed'],
      ['order_deduct', 'start', 'compensation'],
      ['order_deduct', 'success', 'compensation'],
    ]);
    expect(await told('?task_id=ship')).toHaveLength(4);
    expect(await told('?task_id=order_ship')).toHaveLength(4);
    expect(await told('?page=2&page_size=5')).toHaveLength(3);
    const { list } = await e.data<Listed>('GET /api/v1/transactions/order/logs?task_id=ship');
    expect(list[1]).toMatchObject({
      message: 'attempt 1 failed: RPC call failed',
      run_id: expect.stringMatching(/~ship~1$/),
      created_at: NOW,
    });
  });

  it('tells of the tries that a run makes by itself', async () => {
    await start([{ id: 'ship', ...FAILS, retry: { strategy: 'auto', max_attempts: 2, interval: 1 } }]);
    await e.world.live(2_000);
    await e.settle();
    expect(await told()).toEqual([
      ['order_ship', 'start'],
      ['order_ship', 'failed'],
      ['order_ship', 'retry'],
      ['order_ship', 'failed'],
    ]);
  });

  it('tells of a long error whole', async () => {
    await start([{ id: 'bad', ...shell('exit 2') }]);
    const { list } = await e.data<Listed>('GET /api/v1/transactions/order/logs');
    expect(list.map(({ message }) => message)).toEqual([
      'attempt 1 began on worker-1',
      `attempt 1 failed: ${LONG_ERROR}`,
    ]);
  });

  it('tells of the tries of a hundred tasks, and reads them with the transaction', async () => {
    await start(Array.from({ length: 100 }, (_, index) => ({ id: `t${index}`, ...OK })));
    await e.settle();
    const runs = vi.spyOn(e.world.engine, 'getRun');
    const { list, pagination } = await e.data<Listed>('GET /api/v1/transactions/order/logs?page_size=5');
    expect([list.length, pagination.total]).toEqual([5, 200]);
    expect(runs).not.toHaveBeenCalled();
  });

  it('tells of what was cancelled before its next try', async () => {
    await start([{ id: 'ship', ...FAILS, retry: { strategy: 'auto', interval: 60 } }]);
    await e.data('POST /api/v1/transactions/order/cancel');
    expect(await told()).toEqual([
      ['order_ship', 'start'],
      ['order_ship', 'failed'],
      ['order_ship', 'cancelled'],
    ]);
  });

  it('tells of what waited, and came', async () => {
    await start([{ id: 'wait', ...SIGNAL }]);
    expect(await told()).toEqual([]);
    await e.data('POST /api/v1/transactions/order/signal', { task_id: 'wait' });
    expect(await told()).toEqual([['order_wait', 'success']]);
  });

  it('shows what a task wrote', async () => {
    await start([{ id: 'a', ...OK }]);
    const { list } = await e.data<Listed>('GET /api/v1/transactions/order/logs');
    expect(list.map(({ details }) => typeof details)).toEqual(['undefined', 'string']);
  });
});

describe('a sub-transaction', () => {
  it('can be read by the id of the run that started it', async () => {
    const child = await addFlow([{ id: 'inner', ...OK }]);
    await start([{ id: 'outer', type: 'flow', config: { flow_id: child } }]);
    const { tasks } = await read();
    expect(tasks[0]).toMatchObject({ status: 'success', run_id: expect.stringMatching(/^\d+~outer~1$/) });
    expect(await read(String(tasks[0]?.run_id))).toMatchObject({ flow_id: child, tasks: [{ status: 'success' }] });
    const { list } = await e.data<Listed>('GET /api/v1/transactions/order/tasks');
    expect(list[0]).toMatchObject({ output: { inner: { order_id: 7 } } });
  });
});
