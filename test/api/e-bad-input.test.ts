/** API E: what is refused before anything is done, with what to change. Each limit has its own refusal. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createEWorld, type EWorld, type Json } from './e-world.ts';

let e: EWorld;
let flow = '';
beforeAll(async () => {
  e = await createEWorld();
  flow = (await e.data<{ id: string }>('POST /api/v1/flows', { ...FLOW, name: 'there' })).id;
});

const FLOW = { name: 'new', flow_type: 'payment', definition: '{"tasks":[]}', create_user: 'admin' };
const TASK = { id: 'a', config: { handler: 'shell', command: 'true' } };

const refusal = async (request: string, body?: object | string) => {
  const { status, body: answer } = await e.send(request, body);
  return { status, body: answer };
};
const bad = (message: unknown) => ({ status: 400, body: { code: 400, message } });
const has = (text: string) => expect.stringContaining(text);

describe('a flow', () => {
  it.each<readonly [Json, unknown]>([
    [{}, 'name is required'],
    [{ ...FLOW, name: null }, 'name is required'],
    [{ ...FLOW, name: '' }, 'name is required'],
    [{ ...FLOW, name: 7 }, 'name must be a string'],
    [{ ...FLOW, name: 'n'.repeat(101) }, 'name must have at most 100 characters'],
    [{ ...FLOW, name: 'a\ud800' }, 'name must be well-formed Unicode text without NUL characters'],
    [{ ...FLOW, description: 'd'.repeat(1_001) }, 'description must have at most 1000 characters'],
    [{ ...FLOW, flow_type: undefined }, 'flow_type is required'],
    [{ ...FLOW, flow_type: 't'.repeat(51) }, 'flow_type must have at most 50 characters'],
    [{ ...FLOW, create_user: undefined }, 'create_user is required'],
    [{ ...FLOW, definition: undefined }, 'definition is required'],
    [{ ...FLOW, definition: null }, 'definition is required'],
    [{ ...FLOW, definition: 7 }, 'definition must be a JSON string or an object'],
    [{ ...FLOW, definition: [] }, 'definition must be a JSON string or an object'],
    [{ ...FLOW, name: 'there' }, has('a flow named "there" exists')],
  ])('of %j is refused', async (body, message) => {
    expect(await refusal('POST /api/v1/flows', body)).toEqual(bad(message));
  });

  const ring = (size: number) =>
    Array.from({ length: size }, (_, at) => ({ ...TASK, id: `t${at}`, depends_on: [`t${(at + 1) % size}`] }));
  const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

  it.each<readonly [string, string, readonly string[]]>([
    ['no JSON', '{"tasks":', ['no JSON']],
    ['nothing', '', ['no JSON']],
    ['no object', '7', ['object']],
    ['without tasks', '{}', ['tasks']],
    ['a task without an id', '{"tasks":[{}]}', ['id is required']],
    ['a duplicate id', JSON.stringify({ tasks: [TASK, TASK] }), ['"a"', 'twice']],
    ['an unknown dependency', JSON.stringify({ tasks: [{ ...TASK, depends_on: ['b'] }] }), ['"b"', 'no such task']],
    ['a task that depends on itself', JSON.stringify({ tasks: [{ ...TASK, depends_on: ['a'] }] }), ['itself']],
    ['a cycle of 2', JSON.stringify({ tasks: ring(2) }), ['circle', 't0']],
    ['a cycle of 50', JSON.stringify({ tasks: ring(50) }), ['circle', '50 tasks']],
    ['an unknown type', JSON.stringify({ tasks: [{ ...TASK, type: 'db' }] }), ['type', 'worker']],
    ['an http task without a url', JSON.stringify({ tasks: [{ id: 'a', type: 'http' }] }), ['url']],
    ['an rpc task without a service', JSON.stringify({ tasks: [{ id: 'a', type: 'rpc' }] }), ['service']],
    ['a queue task without a queue', JSON.stringify({ tasks: [{ id: 'a', type: 'queue' }] }), ['queue']],
    ['a sub-flow without a flow', JSON.stringify({ tasks: [{ id: 'a', type: 'flow' }] }), ['flow_id']],
    [
      '101 tasks',
      JSON.stringify({ tasks: Array.from({ length: 101 }, (_, at) => ({ ...TASK, id: `t${at}` })) }),
      ['100', '101'],
    ],
    ['400 KB', JSON.stringify({ tasks: [], description: 'd'.repeat(400 * 1024) }), ['131072 bytes']],
    ['deep nesting', `{"tasks":[{"id":"a","config":${nested(40)}}]}`, ['nest', '32']],
    ['a strategy that there is not', JSON.stringify({ tasks: [{ ...TASK, retry: { strategy: 'x' } }] }), ['strategy']],
    ['no tries', JSON.stringify({ tasks: [{ ...TASK, retry: { max_attempts: 0 } }] }), ['max_attempts']],
  ])('whose definition is %s is refused', async (_, definition, words) => {
    const { status, body } = await refusal('POST /api/v1/flows', { ...FLOW, definition });
    expect(status).toBe(400);
    for (const word of words) {
      expect(body.message).toContain(word);
    }
    const changed = await refusal(`PUT /api/v1/flows/${flow}`, { definition });
    expect([changed.status, changed.body.message]).toEqual([400, body.message]);
  });

  it('is told all problems of its definition at once', async () => {
    const tasks = [
      { id: 'a', type: 'db' },
      { id: 'b', type: 'http', depends_on: ['nobody', 'b'] },
    ];
    const { body } = await refusal('POST /api/v1/flows', { ...FLOW, definition: { tasks } });
    for (const word of ['"a"', 'url', 'nobody', 'itself']) {
      expect(body.message).toContain(word);
    }
  });

  it('that was refused is not there', async () => {
    const { list } = await e.data<{ list: readonly Json[] }>('GET /api/v1/flows');
    expect(list.map(({ name }) => name)).toEqual(['there']);
    expect(await e.data(`GET /api/v1/flows/${flow}`)).toMatchObject({ version: 1, latest_version: 1 });
  });
});

describe('a transaction', () => {
  const start = (over: Json) => refusal('POST /api/v1/transactions', { instance_id: 'order', flow_id: flow, ...over });

  it.each<readonly [Json, unknown]>([
    [{ instance_id: undefined }, 'instance_id is required'],
    [{ instance_id: '' }, 'instance_id is required'],
    [{ instance_id: 7 }, 'instance_id must be a string'],
    [{ instance_id: 'i'.repeat(65) }, has('instance_id must')],
    [{ instance_id: 'a/b' }, has('instance_id must be 1 to 64 of')],
    [{ instance_id: '../a' }, has('instance_id must be 1 to 64 of')],
    [{ instance_id: 'a b' }, has('instance_id must be 1 to 64 of')],
    [{ instance_id: 'a~b' }, has('instance_id must be 1 to 64 of')],
    [{ instance_id: '订单' }, has('instance_id must be 1 to 64 of')],
    [{ flow_id: undefined }, 'flow_id is required'],
    [{ flow_id: 7 }, 'flow_id must be a string'],
    [{ params: [] }, 'params must be an object'],
    [{ params: 'text' }, 'params must be an object'],
    [{ params: 7 }, 'params must be an object'],
    [{ params: true }, 'params must be an object'],
  ])('of %j is refused', async (over, message) => {
    expect(await start(over)).toEqual(bad(message));
  });

  it.each(['1.0', '7', '1e3'])('whose params are %s is refused', async (params) => {
    const text = `{"instance_id":"order","flow_id":"${flow}","params":${params}}`;
    const { status, body } = await e.send('POST /api/v1/transactions', text);
    expect([status, body.message]).toEqual([400, 'params must be an object']);
  });

  it.each(['12345678901234567890', '-9007199254740993', '1e999'])(
    'whose params hold %s is refused: it would be another number',
    async (number) => {
      const text = `{"instance_id":"order","flow_id":"${flow}","params":{"a":{"b":[${number}]}}}`;
      const { status, body } = await e.send('POST /api/v1/transactions', text);
      expect([status, body.message]).toEqual([400, has(`the number ${number}, which cannot be kept exactly`)]);
    },
  );

  it('whose params of a task are no object is refused', async () => {
    const { id } = await e.data<{ id: string }>('POST /api/v1/flows', {
      ...{ ...FLOW, name: 'one task' },
      definition: { tasks: [TASK] },
    });
    expect(await start({ flow_id: id, params: { a: 7 } })).toEqual(bad(has('params.a must be an object')));
  });

  it.each(['0', '-1', 'abc123', '9007199254740992', '9007199254740991', '1'])('of flow %s is not found', async (id) => {
    expect(await start({ flow_id: id })).toEqual({ status: 404, body: { code: 404, message: 'flow not found' } });
  });

  it('that was refused is not there', async () => {
    expect(await refusal('GET /api/v1/transactions/order')).toMatchObject({ status: 404 });
  });

  it.each(['a'.repeat(64), 'A-b_c.d:e@f+g=h', '-', '00'])('may be called %s', async (instance_id) => {
    expect((await start({ instance_id })).status).toBe(200);
    expect(await e.data(`GET /api/v1/transactions/${encodeURIComponent(instance_id)}`)).toMatchObject({ instance_id });
  });

  it('known with another flow or other params is refused, and told which', async () => {
    const { id: other } = await e.data<{ id: string }>('POST /api/v1/flows', { ...FLOW, name: 'other' });
    expect((await start({ instance_id: 'once', params: { a: { b: 1, c: 2 } } })).status).toBe(200);
    // The order of keys is none of its meaning.
    expect((await start({ instance_id: 'once', params: { a: { c: 2, b: 1 } } })).status).toBe(200);
    expect(await start({ instance_id: 'once', params: { a: {} } })).toEqual(bad(has('another params')));
    const both = await start({ instance_id: 'once', flow_id: other });
    expect(both).toEqual(bad(has('another flow_id and other params')));
    const flowOnly = await start({ instance_id: 'once', flow_id: other, params: { a: { b: 1, c: 2 } } });
    expect(flowOnly).toEqual(bad(has('another flow_id: ')));
  });
});

describe('ids that nobody can have are not found', () => {
  const STRANGE = ['0', 'abc', '1.5', '007', '9007199254740992', '%00', 'a%2Fb', '%F0%9F%92%A9', 'x'.repeat(300)];

  it.each(STRANGE)('%s', async (id) => {
    const requests: readonly (readonly [string, string])[] = [
      [`GET /api/v1/flows/${id}`, 'flow not found'],
      [`PUT /api/v1/flows/${id}`, 'flow not found'],
      [`DELETE /api/v1/flows/${id}`, 'flow not found'],
      [`POST /api/v1/flows/${id}/activate`, 'flow not found'],
      [`POST /api/v1/flows/${id}/rehearse`, 'flow not found'],
      [`GET /api/v1/stats/flows/${id}`, 'flow not found'],
      [`GET /api/v1/transactions/${id}`, 'instance not found'],
      [`POST /api/v1/transactions/${id}/retry`, 'instance not found'],
      [`POST /api/v1/transactions/${id}/cancel`, 'instance not found'],
      [`GET /api/v1/transactions/${id}/tasks`, 'instance not found'],
      [`GET /api/v1/transactions/${id}/logs`, 'instance not found'],
      [`GET /api/v1/exceptions/${id}`, 'exception not found'],
      ...['handle', 'retry', 'skip', 'done', 'compensate', 'forward', 'approve', 'reject'].map(
        (action) => [`POST /api/v1/exceptions/${id}/${action}`, 'exception not found'] as const,
      ),
    ];
    for (const [request, message] of requests) {
      const body = /(approve|reject)$/.test(request) ? { proposal_id: 1 } : {};
      expect([request, await refusal(request, request.startsWith('GET') ? undefined : body)]).toEqual([
        request,
        { status: 404, body: { code: 404, message } },
      ]);
    }
    expect(e.recorded).toEqual([]);
  });
});

describe.each([
  'POST /api/v1/flows',
  'PUT /api/v1/flows/1',
  'POST /api/v1/transactions',
  'POST /api/v1/transactions/order/cancel',
  'POST /api/v1/transactions/order/signal',
  'POST /api/v1/exceptions/1/handle',
  'POST /api/v1/exceptions/1/retry',
  'POST /api/v1/exceptions/1/skip',
  'POST /api/v1/exceptions/retry',
])('the body of %s', (request) => {
  it.each(['{', 'null', '[]', '"text"', '7', "{'a':1}"])('is refused as %j', async (text) => {
    expect(await refusal(request, text)).toEqual(bad('invalid request body: send a JSON object'));
  });

  it('is refused over its limit, and deeper than 100 levels', async () => {
    expect((await e.send(request, `{"a":"${'x'.repeat(512 * 1024)}"}`)).status).toBe(413);
    expect((await e.send(request, `{"a":${'['.repeat(101)}${']'.repeat(101)}}`)).status).toBe(400);
  });
});

describe('parameters', () => {
  it.each<readonly [string, unknown]>([
    ['flows?page=0', 'page must be a whole number from 1'],
    ['flows?page=-1', 'page must be a whole number from 1'],
    ['flows?page=x', 'page must be a whole number from 1'],
    ['flows?page_size=0', 'page_size must be a whole number from 1'],
    ['flows?page=102&page_size=100', has('page lies too far')],
    ['transactions?page=102&page_size=100', has('page lies too far')],
    ['exceptions?page=102&page_size=100', has('page lies too far')],
    ['transactions?status=done', has('status must be one of pending, running')],
    ['transactions?since=yesterday', has('since must be an RFC 3339 instant')],
    ['transactions?since=2030-01-01T00:00:00', has('since must be an RFC 3339 instant')],
    ['exceptions?handled=maybe', 'handled must be true or false'],
    ['exceptions?since=1', has('since must be an RFC 3339 instant')],
    ['stats/overview?hours=0', 'hours must be a whole number from 1 to 168'],
    ['stats/overview?hours=169', 'hours must be a whole number from 1 to 168'],
    ['stats/overview?hours=1.5', 'hours must be a whole number from 1 to 168'],
    ['stats/flows/1?hours=-1', 'hours must be a whole number from 1 to 168'],
    ['flows/1?version=0', has('version must be a whole number')],
    ['flows/1?version=latest', has('version must be a whole number')],
  ])('%s is refused', async (request, message) => {
    expect(await refusal(`GET /api/v1/${request}`)).toEqual(bad(message));
  });

  it('that are empty count as absent, and a page over the largest is cut', async () => {
    const page = await e.data<{ pagination: Json }>('GET /api/v1/flows?page=&page_size=1000');
    expect(page.pagination).toMatchObject({ page: 1, page_size: 100 });
    for (const request of [
      'transactions?status=&since=&flow_id=',
      'exceptions?handled=&since=',
      'stats/overview?hours=',
    ]) {
      expect((await e.send(`GET /api/v1/${request}`)).status).toBe(200);
    }
  });

  it('of a flow that nobody can have match nothing', async () => {
    for (const list of ['transactions', 'exceptions']) {
      expect(await e.data(`GET /api/v1/${list}?flow_id=abc`)).toMatchObject({ list: [], pagination: { total: 0 } });
    }
  });
});

describe('the desk', () => {
  const NIGHT = { from: '2030-01-01T00:00:00Z', to: '2030-01-01T06:00:00Z' };

  it.each<readonly [string, Json, unknown]>([
    ['1/handle', { remark: 7 }, 'remark must be a string'],
    ['1/handle', { remark: 'r'.repeat(1_001) }, 'remark must have at most 1000 characters'],
    ['1/retry', { at: 'tomorrow' }, has('at must be an RFC 3339 instant')],
    ['1/retry', { at: '2031-01-03T00:00:00Z' }, 'at must be at most 366 days ahead'],
    ['1/approve', {}, 'proposal_id is required'],
    ['1/reject', { proposal_id: 'x' }, 'proposal_id must be a whole number'],
    ['1/retry', { input: [] }, 'input must be an object'],
    ['1/retry', { input: 'text' }, 'input must be an object'],
    ['1/assign', { assignee: 7 }, 'assignee must be a string'],
    ['1/assign', { assignee: '' }, 'assignee is required'],
    ['1/comment', {}, 'text is required'],
    ['1/comment', { text: 't'.repeat(1_001) }, 'text must have at most 1000 characters'],
    ['retry', {}, 'from is required'],
    ['retry', { from: NIGHT.from }, 'to is required'],
    ['retry', { from: NIGHT.to, to: NIGHT.from }, 'to must be after from'],
    ['retry', { from: NIGHT.from, to: NIGHT.from }, 'to must be after from'],
    ['retry', { ...NIGHT, dry_run: 'yes' }, 'dry_run must be true or false'],
    ['retry', { ...NIGHT, error_contains: 7 }, 'error_contains must be a string'],
    ['retry', { ...NIGHT, at: '2031-01-03T00:00:00Z' }, 'at must be at most 366 days ahead'],
  ])('%s of %j is refused', async (request, body, message) => {
    expect(await refusal(`POST /api/v1/exceptions/${request}`, body)).toEqual(bad(message));
    expect(e.recorded).toEqual([]);
  });
});
