/** API A: each documented limit has its own refusal, which says what to change; at the limit itself nothing is refused. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type BWorld, createBWorld } from './b-world.ts';

let api: BWorld;
let job = '';
let task = '';

beforeAll(async () => {
  api = createBWorld();
  job = (await api.data<{ id: string }>('POST /api/v1/cronjob/', { name: 'job', time: '0 0 2 * * * *', command: 'a' }))
    .id;
  task = (await api.data<{ id: string }>('POST /api/v1/task/', { name: 'task', command: 'a' })).id;
});

const bad = (change: string): string => `请求参数错误: ${change}`;

/** The whole message: nothing may follow what is to be changed. */
const expectBad = async (request: string, body: object | undefined, change: string): Promise<void> => {
  const answer = await api.send(request, body);
  expect([answer.status, answer.body]).toEqual([400, { code: 400, message: bad(change) }]);
};

let made = 0;
const BODIES = {
  cronjob: {
    create: 'POST /api/v1/cronjob/',
    good: () => {
      made += 1;
      return { name: `job-${made}`, time: '0 0 2 * * * *', command: 'echo' };
    },
  },
  task: { create: 'POST /api/v1/task/', good: () => ({ name: 'task', command: 'echo' }) },
  category: {
    create: 'POST /api/v1/category/',
    good: () => {
      made += 1;
      return { code: `code-${made}` };
    },
  },
} as const;
type Kind = keyof typeof BODIES;
const create = (kind: Kind, over: object) => ({ ...BODIES[kind].good(), ...over });

describe.each(Object.keys(BODIES) as Kind[])('the body of a %s', (kind) => {
  it.each(['', '{', 'null', '[]', '"text"', '7'])('is refused as %j', async (body) => {
    const answer = await api.send(BODIES[kind].create, body);
    expect([answer.status, answer.body.message]).toEqual([400, bad('请求体必须是 JSON 对象')]);
  });

  it('is refused over 256 KB', async () => {
    expect((await api.send(BODIES[kind].create, { text: 'x'.repeat(256 * 1024) })).status).toBe(413);
  });
});

describe.each([
  ['cronjob', 'name'],
  ['cronjob', 'time'],
  ['cronjob', 'command'],
  ['task', 'name'],
  ['task', 'command'],
  ['category', 'code'],
] as const)('of a %s, %s', (kind, field) => {
  it.each([undefined, null, ''])('is missing as %j', (value) =>
    expectBad(BODIES[kind].create, create(kind, { [field]: value }), `缺少 ${field}`),
  );

  it.each([0, true, [], {}])('is no text as %j', (value) =>
    expectBad(BODIES[kind].create, create(kind, { [field]: value }), `${field} 必须是字符串`),
  );
});

describe.each([
  ['cronjob', 'name', 128],
  ['cronjob', 'project', 128],
  ['cronjob', 'category', 128],
  ['cronjob', 'time', 100],
  ['cronjob', 'command', 512],
  ['cronjob', 'args', 512],
  ['cronjob', 'description', 512],
  ['task', 'name', 256],
  ['task', 'project', 128],
  ['task', 'category', 128],
  ['task', 'command', 512],
  ['task', 'args', 512],
  ['task', 'description', 512],
  ['category', 'code', 128],
  ['category', 'name', 128],
  ['category', 'setup', 512],
  ['category', 'teardown', 512],
  ['category', 'check', 512],
  ['category', 'description', 1_000],
] as const)('of a %s, %s', (kind, field, most) => {
  it(`has at most ${most} characters`, async () => {
    // A character outside the basic plane is one, though it takes two units of UTF-16.
    const longest = field === 'time' ? `0 0 2 * * *${' '.repeat(most - 13)}*` : `${'x'.repeat(most - 1)}𝒳`;
    await expectBad(
      BODIES[kind].create,
      create(kind, { [field]: `${'x'.repeat(most)}𝒳` }),
      `${field} 不能超过 ${most} 个字符`,
    );
    expect((await api.send(BODIES[kind].create, create(kind, { [field]: longest }))).status).toBe(201);
  });

  it.each(['a\0b', 'a\ud800'])('is refused as %j, which would be stored as another text', (value) =>
    expectBad(BODIES[kind].create, create(kind, { [field]: value }), `${field} 不能包含 NUL 字符或无效的 Unicode 文本`),
  );
});

describe('numbers, flags and instants', () => {
  const timeout = 'timeout 必须是 0 到 2592000 之间的整数';
  const priority = 'metadata.priority 必须是 1 到 10 之间的整数';
  const instant = (field: string) => `${field} 必须是带时区的 RFC 3339 时间, 例如 2030-01-01T00:00:00Z`;

  it.each([
    ['cronjob', { timeout: -1 }, timeout],
    ['cronjob', { timeout: 2_592_001 }, timeout],
    ['cronjob', { timeout: 1.5 }, timeout],
    ['cronjob', { timeout: '60' }, timeout],
    ['cronjob', { max_retry: 100 }, 'max_retry 必须是 0 到 99 之间的整数'],
    ['cronjob', { is_active: 1 }, 'is_active 必须是布尔值'],
    ['cronjob', { save_log: 'yes' }, 'save_log 必须是布尔值'],
    ['cronjob', { args: '[{}]' }, 'args 的 JSON 数组只能包含字符串、数字或布尔值'],
    ['cronjob', { category: '1x' }, 'category 不能以数字开头, 也不能包含控制字符'],
    ['cronjob', { metadata: [] }, 'metadata 必须是对象'],
    ['cronjob', { metadata: { priority: 0 } }, priority],
    ['cronjob', { metadata: { priority: 11 } }, priority],
    ['cronjob', { metadata: { environment: { A: 1 } } }, 'metadata.environment 的值 必须是字符串'],
    [
      'cronjob',
      { metadata: { environment: { 'A=B': '' } } },
      'metadata.environment 的变量名不能为空, 也不能包含 = 或 NUL 字符',
    ],
    ['cronjob', { metadata: { worker_select: 'w' } }, 'metadata.worker_select 必须是数组'],
    ['cronjob', { metadata: { worker_select: ['a b'] } }, 'metadata.worker_select 的每一项必须是工作节点的名称或 id'],
    [
      'cronjob',
      { metadata: { worker_labels: { a: 'x'.repeat(65) } } },
      'metadata.worker_labels 的名称和值不能超过 64 个字符',
    ],
    ['cronjob', { metadata: { workingDir: 1 } }, 'metadata.workingDir 必须是字符串'],
    ['cronjob', { day_rule: 'xor' }, 'day_rule 必须是 or、and、one 之一'],
    ['cronjob', { dst_gap: 'once' }, 'dst_gap 必须是 skip、shift 之一'],
    ['cronjob', { dst_overlap: 'skip' }, 'dst_overlap 必须是 once、twice 之一'],
    ['cronjob', { concurrency_policy: 'deny' }, 'concurrency_policy 必须是 allow、forbid、replace 之一'],
    ['cronjob', { misfire_policy: 'all' }, 'misfire_policy 必须是 skip、fire_once、fire_all 之一'],
    ['cronjob', { misfire_cap: 0 }, 'misfire_cap 必须是 1 到 1000 之间的整数'],
    ['cronjob', { jitter_seconds: 86_401 }, 'jitter_seconds 必须是 0 到 86400 之间的整数'],
    ['cronjob', { starting_deadline_seconds: 0 }, 'starting_deadline_seconds 必须是 1 到 31622400 之间的整数'],
    ['cronjob', { pool: 'a b' }, 'pool 只能包含 1 到 64 个字母、数字和 . _ -'],
    ['cronjob', { tags: ['a', 'b c'] }, 'tags 的每一项 只能包含 1 到 64 个字母、数字和 . _ -'],
    ['cronjob', { end_at: '2030-01-01' }, instant('end_at')],
    ['task', { time_plan: '2030-01-01T00:00:00' }, instant('time_plan')],
    ['task', { timeout_at: 7 }, 'timeout_at 必须是字符串'],
    ['task', { time_plan: '2045-01-01T00:00:00Z' }, 'time_plan 最多可提前 10 年'],
    [
      'task',
      { time_plan: '2031-01-01T00:00:00Z', timeout_at: '2031-01-01T00:00:00Z' },
      'timeout_at 必须晚于 time_plan',
    ],
    ['task', { time_plan: '2029-01-01T00:00:00Z', timeout_at: '2029-06-01T00:00:00Z' }, 'timeout_at 必须晚于当前时间'],
    ['task', { cronjob: 'nonsense' }, 'cronjob 必须是定时任务的 id'],
    ['task', { task_order: -1 }, 'task_order 必须是 0 到 2147483647 之间的整数'],
    ['task', { is_group: 'no' }, 'is_group 必须是布尔值'],
    ['task', { routing: 'broadcast' }, 'routing 的 broadcast 只能用于定时任务'],
    ['category', { code: '1x' }, 'code 不能以数字开头, 也不能包含控制字符'],
    ['category', { code: 'a\u0007' }, 'code 不能以数字开头, 也不能包含控制字符'],
  ] as const)('of a %s are refused as %j', (kind, over, change) =>
    expectBad(BODIES[kind].create, create(kind, over), change),
  );

  it('an environment has at most 32 KB', async () => {
    const environment = (bytes: number) => ({
      metadata: { environment: { A: 'x'.repeat(bytes - '{"A":""}'.length) } },
    });
    await expectBad(
      BODIES.cronjob.create,
      create('cronjob', environment(32 * 1024 + 1)),
      'metadata.environment 不能超过 32 KB',
    );
    expect((await api.send(BODIES.cronjob.create, create('cronjob', environment(32 * 1024)))).status).toBe(201);
  });
});

describe('expressions', () => {
  it.each(['nonsense', '* * * *', '61 * * * * *', '0 0 0 31 4 * *', '0 0 0 1 1 * 2029', '@never'])(
    'are refused with the reason: %s',
    async (time) => {
      for (const [request, body, field] of [
        ['POST /api/v1/cronjob/', { name: 'unreadable', time, command: 'a' }, 'time'],
        [`PATCH /api/v1/cronjob/${job}/`, { time }, 'time'],
        ['POST /api/v1/cronjob/validate-expression/', { expr: time }, 'expr'],
      ] as const) {
        const { status, body: answer } = await api.send(request, body);
        expect([status, answer.message]).toEqual([400, expect.stringMatching(`^请求参数错误: ${field}: .{10,}`)]);
      }
    },
  );

  it('of an unknown time zone are refused', async () => {
    const { status } = await api.send('POST /api/v1/cronjob/', create('cronjob', { timezone: 'Europe/Atlantis' }));
    expect(status).toBe(400);
  });
});

describe('a PATCH', () => {
  it.each([
    ...['id', 'created_at', 'updated_at', 'deleted', 'last_plan', 'last_dispatch', 'last_status', 'next_plan'].map(
      (field) => ['cronjob', field, `${field} 不能修改`] as const,
    ),
    ...['id', 'created_at', 'updated_at', 'time_start', 'time_end', 'retry_count', 'worker_id', 'worker_name'].map(
      (field) => ['task', field, `${field} 不能修改`] as const,
    ),
    ['task', 'status', 'status 不能在此修改: 请使用 update-status'] as const,
    ['task', 'output', 'output 不能在此修改: 请使用 update-output'] as const,
  ])('of a %s cannot touch %s, and changes nothing beside it', async (kind, field, change) => {
    const path = kind === 'cronjob' ? `/api/v1/cronjob/${job}/` : `/api/v1/task/${task}/`;
    const before = await api.data(`GET ${path}`);
    await expectBad(`PATCH ${path}`, { description: 'changed', [field]: null }, change);
    expect(await api.data(`GET ${path}`)).toEqual(before);
  });

  it.each([
    ['command', 'other'],
    ['args', 'other'],
    ['category', 'other'],
    ['time_plan', '2031-01-01T00:00:00Z'],
    ['timeout_at', '2031-01-01T00:00:00Z'],
    ['timeout', 5],
    ['max_retry', 5],
    ['is_group', true],
  ])('of a task cannot change what it executes: %s', (field, value) =>
    expectBad(`PATCH /api/v1/task/${task}/`, { [field]: value }, `${field} 在任务创建后不能修改: 请取消任务后重新创建`),
  );
});

describe('ids', () => {
  it.each(['nonsense', '0', '01', '-1', '1.5', '9007199254740992', '8d3f0a6e-9a3f-4c53-a3cd-3c4ad4d8f8f4'])(
    'are refused as %s',
    async (id) => {
      const change = 'id 无效, 请使用创建或列表接口返回的 id';
      await expectBad(`GET /api/v1/cronjob/${id}/`, undefined, change);
      await expectBad(`DELETE /api/v1/task/${id}/`, undefined, change);
    },
  );
});

describe('a list', () => {
  const LISTS = ['cronjob', 'task', 'category'] as const;

  it.each(LISTS)('of %s refuses to be ordered by an unknown field', async (list) => {
    const { status, body } = await api.send(`GET /api/v1/${list}/?ordering=-created_at,password`);
    expect([status, body.message]).toEqual([400, expect.stringContaining('ordering 不支持 password')]);
  });

  it.each(LISTS)('of %s ignores filters that it does not know', async (list) => {
    const plain = await api.data(`GET /api/v1/${list}/`);
    expect(await api.data(`GET /api/v1/${list}/?password=x&page__gt=3&is_actives=true`)).toEqual(plain);
  });

  it.each(LISTS)('of %s cuts page_size to 300, and takes the default for what is no number', async (list) => {
    for (const [sent, page, page_size] of [
      ['page_size=301', 1, 300],
      ['page_size=99999', 1, 300],
      ['page_size=0', 1, 10],
      ['page_size=-3', 1, 10],
      ['page_size=x', 1, 10],
      ['page=x', 1, 10],
      ['page=0', 1, 10],
      ['page=-1', 1, 10],
    ]) {
      expect(await api.data(`GET /api/v1/${list}/?${sent}`)).toMatchObject({ page, page_size });
    }
  });

  it.each(LISTS)('of %s ends at 10,000 by page, and names the cursor', async (list) => {
    expect((await api.send(`GET /api/v1/${list}/?page=1000&page_size=10`)).status).toBe(200);
    const { status, body } = await api.send(`GET /api/v1/${list}/?page=1001&page_size=10`);
    expect([status, body.message]).toEqual([400, expect.stringContaining('cursor')]);
  });

  it.each(['cronjob', 'task'])('of %s refuses a cursor that it did not give', (list) =>
    expectBad(`GET /api/v1/${list}/?cursor=nonsense`, undefined, 'cursor 无效: 请使用上一页的 next_cursor'),
  );

  it('of tasks refuses instants that are none', () =>
    expectBad('GET /api/v1/task/?start_time=yesterday', undefined, 'start_time 必须是带时区的 RFC 3339 时间'));
});

describe('commands on many', () => {
  it.each([
    ['cronjob', {}, 'action 必须是 pause、resume 之一'],
    ['cronjob', { action: 'pause' }, '至少需要 ids、project、category、name__contains 中的一项'],
    ['cronjob', { action: 'pause', ids: ['1'], project: 'a' }, 'ids 不能与其他筛选条件一起使用'],
    ['cronjob', { action: 'pause', ids: Array(201).fill('1') }, 'ids 不能超过 200 项'],
    ['cronjob', { action: 'pause', ids: [] }, 'ids 不能为空'],
    ['cronjob', { action: 'pause', ids: ['1.1893456000000'] }, 'ids 的每一项无效, 请使用创建或列表接口返回的 id'],
    ['task', { action: 'cancel', ids: ['x'.repeat(3_000)] }, 'ids 的每一项无效, 请使用创建或列表接口返回的 id'],
    ['cronjob', { action: 'pause', project: 'a', cursor: 'nonsense' }, 'cursor 无效: 请使用上一页的 next_cursor'],
    ['task', { action: 'delete', project: 'a' }, 'action 必须是 cancel、retry 之一'],
    ['task', { action: 'cancel' }, '至少需要 ids、status、cronjob、project 中的一项'],
    ['task', { action: 'cancel', ids: ['1'], status: 'failed' }, 'ids 不能与其他筛选条件一起使用'],
    ['task', { action: 'cancel', ids: Array(201).fill('1') }, 'ids 不能超过 200 项'],
    [
      'task',
      { action: 'cancel', status: 'done' },
      'status 必须是 pending、running、success、failed、error、timeout、canceled、retrying 之一',
    ],
  ])('of %s refuse %j', (kind, body, change) => expectBad(`POST /api/v1/${kind}/bulk/`, body, change));
});

describe('a backfill and a ledger', () => {
  const range = { from: '2029-12-01T00:00:00Z', to: '2030-01-01T00:00:00Z' };

  it.each([
    [{}, '缺少 from'],
    [{ from: range.from }, '缺少 to'],
    [{ from: range.to, to: range.from }, 'from 必须早于 to'],
    [{ ...range, parallel: 0 }, 'parallel 必须是 1 到 100 之间的整数'],
    [{ ...range, dry_run: 'yes' }, 'dry_run 必须是布尔值'],
  ])('refuse %j', (body, change) => expectBad(`POST /api/v1/cronjob/${job}/backfill/`, body, change));

  it('refuse an interval that ends before it begins', () =>
    expectBad(`GET /api/v1/cronjob/${job}/ledger/?from=${range.to}&to=${range.from}`, undefined, 'from 必须早于 to'));
});

describe('a lock', () => {
  const acquire = (key: string) => `GET /api/v1/lock/acquire?key=${encodeURIComponent(key)}`;

  it.each(['acquire', 'release', 'check', 'refresh'])('is asked for by its key: %s', async (verb) => {
    await expectBad(`GET /api/v1/lock/${verb}?value=x`, undefined, '缺少 key');
    await expectBad(`GET /api/v1/lock/${verb}?key=&value=x`, undefined, '缺少 key');
  });

  it.each(['release', 'refresh'])('is held by a value: %s', (verb) =>
    expectBad(`GET /api/v1/lock/${verb}?key=a`, undefined, '缺少 value'),
  );

  it('has a key of at most 1,024 bytes', async () => {
    expect((await api.send(acquire(`${'锁'.repeat(341)}x`))).status).toBe(200);
    await expectBad(acquire('锁'.repeat(342)), undefined, 'key 不能超过 1024 字节');
  });
});

describe('a status and an output', () => {
  it.each(['todo', 'stopped', 'SUCCESS', 'cancelled'])('of a task are refused as %s', async (status) => {
    const change = 'status 必须是 pending、running、success、failed、error、timeout、canceled、retrying 之一';
    await expectBad(`PUT /api/v1/task/${task}/update-status/`, { status }, change);
    await expectBad(`PUT /api/v1/task/${task}/update-status/?status=${status}`, undefined, change);
  });

  it('of a task must be there', async () => {
    await expectBad(`PUT /api/v1/task/${task}/update-status/`, {}, '缺少 status');
    await expectBad(`PUT /api/v1/task/${task}/update-output/`, {}, '缺少 output');
    await expectBad(`PUT /api/v1/task/${task}/update-output/`, { output: 7 }, 'output 必须是字符串');
  });
});

describe('a caller', () => {
  it.each([
    ['GET /api/v1/cronjob/', 'reader-key'],
    ['POST /api/v1/cronjob/', 'reader-key'],
    ['POST /api/v1/task/', 'reader-key'],
    ['POST /api/v1/category/', 'user-token'],
    ['GET /api/v1/lock/acquire?key=a', 'reader-key'],
    ['GET /api/v1/task/', 'worker-key'],
  ] as const)('without the scope is refused: %s by %s', async (request, who) => {
    const { status, body } = await api.send(request, request.startsWith('POST') ? {} : undefined, who);
    expect([status, body]).toEqual([
      403,
      { code: 403, message: expect.stringMatching(/^权限不足: 需要 \w+:\w+ 权限$/), error: 'PERMISSION_DENIED' },
    ]);
  });
});
