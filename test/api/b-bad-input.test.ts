/** API B: what is refused before anything is done, with what to change. Each limit has its own refusal. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

let b: BWorld;
let id = 0;
beforeAll(async () => {
  b = createBWorld();
  id = (await b.data<{ id: number }>('POST /api/tasks', { name: 'there', executor: 'shell', command: 'true' })).id;
});

const bad = (change: unknown) => ({
  status: 400,
  body: {
    success: false,
    code: 400,
    message: typeof change === 'string' ? `请求参数错误: ${change}` : change,
    timestamp: '2030-01-01T00:00:00Z',
  },
});
const refusal = async (request: string, body?: object | string) => {
  const { status, body: answer } = await b.send(request, body);
  return { status, body: answer };
};

const SHELL = { name: 'new', executor: 'shell', command: 'true' };
const HTTP = { name: 'new', executor: 'http', url: 'https://example.com/' };
const PYTHON = { name: 'new', executor: 'python', command: 'print(1)' };

describe('a create', () => {
  it.each<readonly [Json, unknown]>([
    [{}, '缺少 name'],
    [{ ...SHELL, name: null }, '缺少 name'],
    [{ ...SHELL, name: '' }, '缺少 name'],
    [{ ...SHELL, name: 7 }, 'name 必须是字符串'],
    [{ ...SHELL, name: 'n'.repeat(256) }, 'name 不能超过 255 个字符'],
    [{ ...SHELL, name: 'a\ud800' }, 'name 不能包含 NUL 字符或无效的 Unicode 文本'],
    [{ name: 'new', command: 'true' }, 'executor 必须是 shell、http、python 之一'],
    [{ ...SHELL, executor: 'ruby' }, 'executor 必须是 shell、http、python 之一'],
    [{ ...SHELL, executor: 'constructor' }, 'executor 必须是 shell、http、python 之一'],
    [{ ...SHELL, command: undefined }, 'shell 任务缺少 command'],
    [{ ...PYTHON, command: undefined }, 'python 任务缺少 command'],
    [{ ...HTTP, url: undefined }, 'http 任务缺少 url'],
    [{ ...SHELL, command: '' }, '缺少 command'],
    [{ ...SHELL, command: 'x'.repeat(8_193) }, 'command 不能超过 8192 个字符'],
    [{ ...SHELL, command: 'a\0b' }, 'command 不能包含 NUL 字符或无效的 Unicode 文本'],
    [{ ...SHELL, command: ['true'] }, 'command 必须是字符串'],
    [{ ...SHELL, environment: { A: 'x'.repeat(32 * 1024) } }, 'environment 不能超过 32768 字节'],
    [{ ...SHELL, environment: { A: 1 } }, 'environment 的值 必须是字符串'],
    [{ ...SHELL, environment: 'A=1' }, 'environment 必须是对象'],
    [{ ...SHELL, environment: { 'A=B': 'x' } }, 'environment 的变量名不能为空或包含 =, 且不能包含 NUL 字符'],
    [{ ...SHELL, environment: { '': 'x' } }, 'environment 的变量名不能为空或包含 =, 且不能包含 NUL 字符'],
    [{ ...SHELL, working_directory: '' }, '缺少 working_directory'],
    [{ ...HTTP, url: 'example.com' }, expect.stringContaining('url 必须是 http 或 https 地址')],
    [{ ...HTTP, url: 'file:///etc/passwd' }, expect.stringContaining('url 必须是 http 或 https 地址')],
    [{ ...HTTP, method: 'TRACE' }, expect.stringContaining('method 必须是 GET、')],
    [{ ...HTTP, method: 7 }, 'method 必须是字符串'],
    [{ ...HTTP, headers: { 'a b': 'x' } }, 'headers 的名称或值不是有效的 HTTP 头'],
    [{ ...HTTP, headers: { a: 'x\r\nb: y' } }, 'headers 的名称或值不是有效的 HTTP 头'],
    [{ ...HTTP, body: { data: 1 } }, 'body 必须是字符串'],
    [{ ...PYTHON, arguments: '--input' }, 'arguments 必须是数组'],
    [{ ...PYTHON, arguments: [1] }, 'arguments 的每一项 必须是字符串'],
    [{ ...PYTHON, arguments: Array.from({ length: 257 }, () => '') }, 'arguments 不能超过 256 项'],
    [{ ...SHELL, priority: 'urgent' }, 'priority 必须是 low、normal、high、critical 之一'],
    [{ ...SHELL, priority: 5 }, 'priority 必须是 low、normal、high、critical 之一'],
    [{ ...SHELL, retry_count: 11 }, 'retry_count 必须是 0 到 10 之间的整数'],
    [{ ...SHELL, retry_count: -1 }, 'retry_count 必须是 0 到 10 之间的整数'],
    [{ ...SHELL, retry_count: 1.5 }, 'retry_count 必须是 0 到 10 之间的整数'],
    [{ ...SHELL, retry_count: '3' }, 'retry_count 必须是 0 到 10 之间的整数'],
    [{ ...SHELL, timeout_seconds: 0 }, 'timeout_seconds 必须是 1 到 86400 之间的整数'],
    [{ ...SHELL, timeout_seconds: 86_401 }, 'timeout_seconds 必须是 1 到 86400 之间的整数'],
    [{ ...SHELL, status: 'running' }, 'status 必须是 active、paused、disabled 之一'],
    [{ ...SHELL, status: 'deleted' }, 'status 必须是 active、paused、disabled 之一'],
    [{ ...SHELL, schedule: '' }, '缺少 schedule'],
    [{ ...SHELL, schedule: 7 }, 'schedule 必须是字符串'],
    [{ ...SHELL, schedule: '* * *' }, expect.stringContaining('schedule 无效')],
    [{ ...SHELL, schedule: '61 * * * *' }, expect.stringContaining('schedule 无效')],
    [{ ...SHELL, schedule: '0 0 30 2 *' }, expect.stringContaining('schedule 无效')],
    [{ ...SHELL, schedule: '0 0 0 1 1 ? 2020' }, expect.stringContaining('schedule 无效')],
    [{ ...SHELL, schedule: '0 0 * * *', timezone: 'Mars/Olympus' }, expect.stringContaining('schedule 无效')],
    [{ ...SHELL, schedule: '* '.repeat(200) }, 'schedule 不能超过 256 个字符'],
    [{ ...SHELL, timezone: 'UTC' }, expect.stringContaining('请同时给出 schedule')],
    [{ ...SHELL, concurrency_policy: 'maybe' }, 'concurrency_policy 必须是 allow、forbid、replace 之一'],
    [{ ...SHELL, misfire_cap: 0 }, 'misfire_cap 必须是 1 到 1000 之间的整数'],
    [{ ...SHELL, pool: 'a b' }, expect.stringContaining('pool 只能包含')],
    [{ ...SHELL, routing: 'best' }, expect.stringContaining('routing 必须是')],
    [{ ...SHELL, description: 'd'.repeat(1_001) }, 'description 不能超过 1000 个字符'],
  ])('of %j is refused', async (body, change) => {
    expect(await refusal('POST /api/tasks', body)).toEqual(bad(change));
  });

  it('takes each of these limits', async () => {
    const made = await b.data('POST /api/tasks', {
      name: '名'.repeat(255),
      executor: 'shell',
      command: 'x'.repeat(8_192),
      environment: { A: 'x'.repeat(32 * 1024 - 8) },
      retry_count: 10,
      timeout_seconds: 86_400,
    });
    expect(made).toMatchObject({ retry_count: 10, timeout_seconds: 86_400 });
    await b.send(`DELETE /api/tasks/${made.id}`);
    expect(await b.data('POST /api/tasks', { ...SHELL, retry_count: 0, timeout_seconds: 1 })).toMatchObject({
      retry_count: 0,
      timeout_seconds: 1,
    });
  });

  it('cannot set what is not its to set', async () => {
    const made = await b.data('POST /api/tasks', {
      ...{ ...SHELL, name: 'extra' },
      ...{ id: 1, created_at: '2001-01-01T00:00:00Z', project: 'other', last_run_at: '2001-01-01T00:00:00Z' },
    });
    expect(made).toMatchObject({ project: 'default', created_at: '2030-01-01T00:00:00Z', last_run_at: null });
    expect(made.id).not.toBe(1);
  });
});

describe.each(['POST /api/tasks', 'PUT /api/tasks/:id', 'POST /api/tasks/bulk', 'POST /api/workers/w/heartbeat'])(
  'the body of %s',
  (route) => {
    const request = () => route.replace(':id', String(id));

    it.each(['', '{', 'null', '[]', '"text"', '7', "{'a':1}"])('is refused as %j', async (text) => {
      expect(await refusal(request(), text)).toEqual(bad('请求体必须是 JSON 对象'));
    });

    it('is refused over 256 KB, and deeper than 100 levels', async () => {
      expect((await b.send(request(), `{"a":"${'x'.repeat(256 * 1024)}"}`)).status).toBe(413);
      expect((await b.send(request(), `{"a":${'['.repeat(101)}${']'.repeat(101)}}`)).status).toBe(400);
    });
  },
);

describe('a change', () => {
  it.each<readonly [Json, unknown]>([
    [{ name: '' }, '缺少 name'],
    [{ name: 'n'.repeat(256) }, 'name 不能超过 255 个字符'],
    [{ status: 'deleted' }, 'status 必须是 active、paused、disabled 之一'],
    [{ executor: 'http' }, 'http 任务缺少 url'],
    [{ command: 'x'.repeat(8_193) }, 'command 不能超过 8192 个字符'],
    [{ schedule: 'never' }, expect.stringContaining('schedule 无效')],
    [{ timezone: 'UTC' }, expect.stringContaining('请同时给出 schedule')],
    [{ schedule: null, timezone: 'UTC' }, expect.stringContaining('请同时给出 schedule')],
    [{ retry_count: 11 }, 'retry_count 必须是 0 到 10 之间的整数'],
  ])('to %j is refused, and nothing of it done', async (body, change) => {
    const before = await b.data(`GET /api/tasks/${id}`);
    expect(await refusal(`PUT /api/tasks/${id}`, { ...body, priority: 'low' })).toEqual(bad(change));
    expect(await b.data(`GET /api/tasks/${id}`)).toEqual(before);
  });

  it('changes nothing when it names nothing, or only null', async () => {
    const before = await b.data(`GET /api/tasks/${id}`);
    for (const body of [{}, { name: null, status: null, command: null, retry_count: null }, { colour: 'red', id: 7 }]) {
      expect((await b.send(`PUT /api/tasks/${id}`, body)).status).toBe(200);
    }
    expect(await b.data(`GET /api/tasks/${id}`)).toEqual(before);
  });
});

describe('ids', () => {
  it.each(['0', '-1', '1.5', '007', 'abc', '1e3', '9007199254740992', '%31x'])('%s is none', async (text) => {
    for (const [request, body] of [
      [`GET /api/tasks/${text}`],
      [`PUT /api/tasks/${text}`, {}],
      [`DELETE /api/tasks/${text}`],
      [`POST /api/tasks/${text}/trigger`],
      [`GET /api/tasks/${text}/runs`],
      [`GET /api/tasks/${text}/ledger`],
      [`GET /api/runs/${text}`],
      [`POST /api/runs/${text}/cancel`],
    ] as const) {
      const { status, body: answer } = await b.send(request, body);
      expect([request, status, answer.message]).toEqual([request, 400, 'ID无效']);
    }
  });

  it.each([
    '1.5',
    '1.',
    '1.1893456000000.',
    '1.1893456000000.1000',
    '1.1893456000000.01',
    '1.0893456000000',
    '.1893456000000',
  ])('of a run is none as %s', async (text) => {
    expect((await b.send(`GET /api/runs/${text}`)).status).toBe(400);
  });
});

describe('a list', () => {
  const PAGE = 'page 必须是不小于 1 的整数';
  const SIZE = 'size 必须是不小于 1 的整数';

  it.each([
    ['page=0', PAGE],
    ['page=-1', PAGE],
    ['page=abc', PAGE],
    ['page=1.5', PAGE],
    ['size=0', SIZE],
    ['size=-5', SIZE],
    ['size=ten', SIZE],
    ['page=101&size=100', 'page × size 不能超过 10000: 请用 cursor, 取上一页的 next_cursor'],
    ['page=501', 'page × size 不能超过 10000: 请用 cursor, 取上一页的 next_cursor'],
    ['cursor=nonsense', expect.stringContaining('cursor 无效')],
    ['status=done', expect.stringContaining('status 必须是')],
  ])('refuses %s', async (query, change) => {
    expect(await refusal(`GET /api/tasks?${query}`)).toEqual(bad(change));
    expect(await refusal(`GET /api/tasks/${id}/runs?${query}`)).toEqual(bad(change));
  });

  it('takes an empty parameter for none, cuts a size, and ignores what it does not know', async () => {
    expect(await b.data('GET /api/tasks?page=&size=&status=&search=&cursor=&colour=red')).toMatchObject({
      page: 1,
      page_size: 20,
    });
    expect(await b.data(`GET /api/tasks/${id}/runs?size=1000`)).toMatchObject({ page_size: 100 });
  });

  it('refuses a search of more than 256 characters', async () => {
    expect((await b.send(`GET /api/tasks?search=${'x'.repeat(257)}`)).status).toBe(400);
  });
});

describe('the ledger', () => {
  it.each([
    ['from=yesterday', expect.stringContaining('from 必须是带时区的 RFC 3339 时间')],
    ['to=2030-01-01', expect.stringContaining('to 必须是带时区的 RFC 3339 时间')],
    ['from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z', 'from 必须早于 to'],
    ['from=2030-01-02T00:00:00Z', 'from 必须早于 to'],
    ['limit=0', 'limit 必须是 1 到 1000 之间的整数'],
    ['limit=1001', 'limit 必须是 1 到 1000 之间的整数'],
    ['limit=x', 'limit 必须是 1 到 1000 之间的整数'],
  ])('refuses %s', async (query, change) => {
    expect(await refusal(`GET /api/tasks/${id}/ledger?${query}`)).toEqual(bad(change));
  });
});

describe('a command on many', () => {
  it.each<readonly [Json, unknown]>([
    [{ filter: { all: true } }, 'action 必须是 pause、resume 之一'],
    [{ action: 'delete', filter: { all: true } }, 'action 必须是 pause、resume 之一'],
    [{ action: 'pause' }, 'filter 必须是对象'],
    [{ action: 'pause', filter: {} }, expect.stringContaining('恰好给出')],
    [{ action: 'pause', filter: { all: false } }, expect.stringContaining('恰好给出')],
    [{ action: 'pause', filter: { all: true, status: 'active' } }, expect.stringContaining('恰好给出')],
    [{ action: 'pause', filter: { ids: [] } }, 'ids 不能为空'],
    [{ action: 'pause', filter: { ids: ['1'] } }, 'ids 的每一项必须是任务 ID'],
    [{ action: 'pause', filter: { ids: Array.from({ length: 201 }, (_, at) => at + 1) } }, 'ids 不能超过 200 项'],
    [{ action: 'pause', filter: { status: 'gone' } }, 'filter.status 必须是 active、paused、disabled 之一'],
  ])('as %j is refused', async (body, change) => {
    expect(await refusal('POST /api/tasks/bulk', body)).toEqual(bad(change));
  });
});

describe('a worker', () => {
  it.each<readonly [Json, unknown]>([
    [{ max_tasks: 0 }, 'max_tasks 必须是 1 到 100 之间的整数'],
    [{ max_tasks: 101 }, 'max_tasks 必须是 1 到 100 之间的整数'],
    [{ max_tasks: '5' }, 'max_tasks 必须是 1 到 100 之间的整数'],
    [{ tags: 'gpu' }, 'tags 必须是数组'],
    [{ tags: ['a b'] }, 'tags 的每一项只能包含 1 到 64 个字母、数字和 . _ -'],
    [{ tags: [7] }, 'tags 的每一项 必须是字符串'],
    [{ tags: Array.from({ length: 33 }, (_, at) => `t${at}`) }, 'tags 不能超过 32 项'],
    [{ enabled: 1 }, 'enabled 必须是布尔值'],
  ])('is not configured with %j', async (body, change) => {
    await b.data('POST /api/workers/w/heartbeat', {});
    expect(await refusal('PUT /api/workers/w', body)).toEqual(bad(change));
  });

  it.each<readonly [Json, unknown]>([
    [{ status: 'asleep' }, 'status 必须是 online、offline、busy 之一'],
    [{ current_tasks: -1 }, 'current_tasks 必须是 0 到 1000000 之间的整数'],
    [{ current_tasks: 0.5 }, 'current_tasks 必须是 0 到 1000000 之间的整数'],
    [{ system_info: [] }, 'system_info 必须是对象'],
    [{ system_info: { cpu_usage: 101 } }, 'system_info.cpu_usage 必须是 0 到 100 之间的数'],
    [{ system_info: { disk_usage: 'full' } }, 'system_info.disk_usage 必须是 0 到 100 之间的数'],
  ])('sends no heartbeat with %j', async (body, change) => {
    expect(await refusal('POST /api/workers/w/heartbeat', body)).toEqual(bad(change));
  });
});
