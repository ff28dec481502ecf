/**
 * Every example of API E's document, word for word, over HTTP: the request as printed, with ids, names, instants, host and
 * port replaced; the documented status, and every documented key with its type and, where the document fixes one, its
 * value. Further keys are allowed.
 *
 * Needs a group E that is open, and something that executes the handler `shell`.
 */
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';

type Json = Readonly<Record<string, unknown>>;
type Answered = { readonly status: number; readonly json: Json };

const TEXT = expect.stringMatching(/./);
const NUMBER = expect.any(Number);
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
/** As the document prints it. */
const DEFINITION = '{"name":"payment_flow","tasks":[]}';
const PARAMS = { deduct: { user_id: 'user_001', amount: 100 } };

let made = 0;
const fresh = (word: string): string => {
  made += 1;
  return `${word}_${Date.now().toString(36)}_${made}`;
};

const definitionOf = (command: string): string =>
  JSON.stringify({
    name: 'payment_flow',
    tasks: [
      {
        id: 'deduct',
        task_name: 'deduct',
        description: '扣款',
        depends_on: [],
        config: { handler: 'shell', command },
        retry: { strategy: 'manual', max_attempts: 3, interval: 300 },
      },
    ],
  });

/** @param target read when a test runs: the server is up by then */
export const describeEExamples = (target: () => string): void => {
  const send = async (method: string, path: string, body?: object): Promise<Answered> => {
    const response = await fetch(`${target()}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return { status: response.status, json: (await response.json()) as Json };
  };
  const expectData = ({ status, json }: Answered, data: object): void => {
    expect({ status, json }).toEqual({
      status: 200,
      json: { code: 0, message: 'success', data: expect.objectContaining(data) },
    });
  };
  const expectError = ({ status, json }: Answered, code: number, message: unknown = TEXT): void => {
    expect({ status, json }).toEqual({ status: code, json: { code, message } });
  };
  const dataOf = async <T = Json>(sending: Promise<Answered>): Promise<T> => {
    const { status, json } = await sending;
    expect({ status, json }).toMatchObject({ status: 200, json: { code: 0 } });
    return json.data as T;
  };

  const flowForm = (definition = DEFINITION) => ({
    name: fresh('payment_flow'),
    description: '支付流程',
    flow_type: 'payment',
    definition,
    create_user: 'admin',
  });
  const createFlow = async (definition?: string): Promise<string> => {
    const { id } = await dataOf<{ id: string }>(send('POST', '/api/v1/flows', flowForm(definition)));
    return id;
  };
  const start = async (command: string): Promise<{ readonly instance: string; readonly flow: string }> => {
    const flow = await createFlow(definitionOf(command));
    const instance = fresh('order');
    await dataOf(send('POST', '/api/v1/transactions', { instance_id: instance, flow_id: flow, params: PARAMS }));
    return { instance, flow };
  };
  const reached = (instance: string, status: string): Promise<Json> =>
    until(`${instance} ${status}`, async () => {
      const transaction = await dataOf(send('GET', `/api/v1/transactions/${instance}`));
      return transaction.status === status ? transaction : undefined;
    });
  type Listed = { readonly list: readonly (Json & { readonly id: number })[]; readonly pagination: Json };
  const failed = async (): Promise<{ readonly instance: string; readonly flow: string; readonly id: number }> => {
    const { instance, flow } = await start('exit 1');
    await reached(instance, 'failed');
    const id = await until(`exception of ${instance}`, async () => {
      const { list } = await dataOf<Listed>(send('GET', `/api/v1/exceptions?handled=false&flow_id=${flow}`));
      return list[0]?.id;
    });
    return { instance, flow, id };
  };

  describe('健康检查', () => {
    it('GET /health', async () => {
      expect(await send('GET', '/health')).toEqual({
        status: 200,
        json: { code: 0, message: 'success', data: { status: 'ok' } },
      });
    });
  });

  describe('Flow 管理', () => {
    it('POST /api/v1/flows', async () => {
      const form = flowForm();
      expectData(await send('POST', '/api/v1/flows', form), { id: TEXT, name: form.name, created_at: INSTANT });
    });

    it('POST /api/v1/flows refuses what it cannot use', async () => {
      const form = flowForm();
      await dataOf(send('POST', '/api/v1/flows', form));
      expectError(await send('POST', '/api/v1/flows', form), 400, expect.stringContaining(form.name));
      for (const field of ['name', 'flow_type', 'definition', 'create_user']) {
        const { [field]: _, ...rest }: Json = flowForm();
        expectError(await send('POST', '/api/v1/flows', rest), 400, `${field} is required`);
      }
      expectError(await send('POST', '/api/v1/flows', flowForm('{"tasks":')), 400);
    });

    it('GET /api/v1/flows', async () => {
      const form = flowForm();
      const { id } = await dataOf(send('POST', '/api/v1/flows', form));
      const answer = await send('GET', '/api/v1/flows');
      expectData(answer, {
        list: expect.any(Array),
        pagination: expect.objectContaining({ page: 1, page_size: 20, total: NUMBER }),
      });
      const { list } = answer.json.data as Listed;
      expect(list).toContainEqual(expect.objectContaining({ id, name: form.name, description: '支付流程' }));
      const page = await dataOf<Listed>(send('GET', '/api/v1/flows?page=2&page_size=1'));
      expect([page.list.length, page.pagination]).toMatchObject([1, { page: 2, page_size: 1 }]);
    });

    it('GET /api/v1/flows/:id', async () => {
      const form = flowForm();
      const { id } = await dataOf<{ id: string }>(send('POST', '/api/v1/flows', form));
      expectData(await send('GET', `/api/v1/flows/${id}`), { id, name: form.name, definition: DEFINITION });
      expectError(await send('GET', '/api/v1/flows/abc123'), 404, 'flow not found');
    });
  });

  describe('事务管理', () => {
    it('POST /api/v1/transactions', async () => {
      const flow_id = await createFlow(definitionOf('echo done'));
      const instance_id = fresh('order');
      const body = { instance_id, flow_id, params: PARAMS };
      expectData(await send('POST', '/api/v1/transactions', body), { instance_id, flow_id, status: 'pending' });
      await reached(instance_id, 'success');
      // Again: as it stands, and nothing is started.
      expectData(await send('POST', '/api/v1/transactions', body), { instance_id, flow_id, status: 'success' });
      expectError(
        await send('POST', '/api/v1/transactions', { ...body, params: {} }),
        400,
        expect.stringMatching('params'),
      );
    });

    it('POST /api/v1/transactions refuses what it cannot use', async () => {
      const flow_id = await createFlow();
      const instance_id = fresh('order');
      expectError(await send('POST', '/api/v1/transactions', { flow_id }), 400, 'instance_id is required');
      expectError(await send('POST', '/api/v1/transactions', { instance_id }), 400, 'flow_id is required');
      expectError(
        await send('POST', '/api/v1/transactions', { instance_id, flow_id: 'abc123' }),
        404,
        'flow not found',
      );
    });

    it('GET /api/v1/transactions/:id', async () => {
      const { instance, flow } = await start('echo done');
      await reached(instance, 'success');
      const answer = await send('GET', `/api/v1/transactions/${instance}`);
      expectData(answer, {
        instance_id: instance,
        flow_id: flow,
        status: 'success',
        tasks: [expect.objectContaining({ id: `${instance}_deduct`, name: '扣款', status: 'success' })],
        created_at: INSTANT,
        completed_at: INSTANT,
      });
      expectError(await send('GET', `/api/v1/transactions/${fresh('order')}`), 404, 'instance not found');
    });

    it('GET /api/v1/transactions/:id of one without tasks is a success at once', async () => {
      const flow_id = await createFlow();
      const instance_id = fresh('order');
      await dataOf(send('POST', '/api/v1/transactions', { instance_id, flow_id }));
      expectData(await send('GET', `/api/v1/transactions/${instance_id}`), { status: 'success', tasks: [] });
    });

    it('POST /api/v1/transactions/:id/retry', async () => {
      const { instance } = await failed();
      expectData(await send('POST', `/api/v1/transactions/${instance}/retry`), {
        instance_id: instance,
        status: 'pending',
      });
      const fine = await start('echo done');
      await reached(fine.instance, 'success');
      expectError(
        await send('POST', `/api/v1/transactions/${fine.instance}/retry`),
        400,
        'only failed transactions can be retried',
      );
      expectError(await send('POST', `/api/v1/transactions/${fresh('order')}/retry`), 404, 'instance not found');
    });
  });

  describe('异常管理', () => {
    it('GET /api/v1/exceptions', async () => {
      const { instance, id } = await failed();
      const answer = await send('GET', '/api/v1/exceptions?page=1&page_size=20&handled=false');
      expectData(answer, {
        list: expect.any(Array),
        pagination: expect.objectContaining({ page: 1, page_size: 20, total: NUMBER }),
      });
      const { list } = answer.json.data as Listed;
      expect(list).toContainEqual(
        expect.objectContaining({
          id,
          task_id: `${instance}_deduct`,
          task_name: '扣款',
          error_message: TEXT,
          handled: false,
        }),
      );
      const handled = await dataOf<Listed>(send('GET', '/api/v1/exceptions?handled=true'));
      expect(handled.list.map((exception) => exception.id)).not.toContain(id);
    });

    it('POST /api/v1/exceptions/:id/handle', async () => {
      const { id, flow } = await failed();
      expectData(await send('POST', `/api/v1/exceptions/${id}/handle`, { remark: '人工确认问题已解决' }), {
        exception_id: id,
        handled: true,
      });
      const { list } = await dataOf<Listed>(send('GET', `/api/v1/exceptions?handled=true&flow_id=${flow}`));
      expect(list).toMatchObject([{ id, handled: true, handled_remark: '人工确认问题已解决', handled_at: INSTANT }]);
      expectError(await send('POST', `/api/v1/exceptions/${id}/handle`), 400, 'this exception is already handled');
      expectError(await send('POST', `/api/v1/exceptions/${id}/retry`), 400, 'handled exception cannot be retried');
      expectError(await send('POST', '/api/v1/exceptions/1/handle'), 404, 'exception not found');
    });

    it('POST /api/v1/exceptions/:id/retry', async () => {
      const { id } = await failed();
      const answer = await send('POST', `/api/v1/exceptions/${id}/retry`);
      expectData(answer, { exception_id: id, retry_scheduled: true, retry_next_at: INSTANT });
      expectError(await send('POST', '/api/v1/exceptions/1/retry'), 404, 'exception not found');
    });
  });

  describe('统计接口', () => {
    it('GET /api/v1/stats/overview', async () => {
      expectData(await send('GET', '/api/v1/stats/overview'), {
        total_transactions: NUMBER,
        success_rate: expect.toSatisfy((rate: number) => rate >= 0 && rate <= 1),
        avg_duration: NUMBER,
        exceptions_today: NUMBER,
      });
    });

    it('GET /api/v1/stats/flows/:id', async () => {
      const { instance, flow } = await start('echo done');
      await reached(instance, 'success');
      const answer = await until('its count', async () => {
        const found = await send('GET', `/api/v1/stats/flows/${flow}`);
        return (found.json.data as Json).success_count === 1 ? found : undefined;
      });
      expectData(answer, { flow_id: flow, total_runs: 1, success_count: 1, failed_count: 0 });
      expectError(await send('GET', '/api/v1/stats/flows/abc123'), 404, 'flow not found');
    });
  });
};
