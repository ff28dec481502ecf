/** Task logs at the edge: limits, refusals, paging, and the long poll on a clock that the test moves. */
import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_LOG_APPEND_BYTES } from '../../lib/contracts/limits.ts';
import { runIn } from '../support/rows.ts';
import { createLogsWorld, type LogsWorld } from './a-logs-world.ts';

let world: LogsWorld;
let task = '';

beforeEach(async () => {
  world = createLogsWorld();
  task = await world.makeTask();
});

const append = (content: string, fields: object = {}) =>
  world.send(`POST /api/v1/tasklog/${task}/append/`, { body: { content, ...fields } });
const content = (query = '') => world.send(`GET /api/v1/tasklog/${task}/content/${query}`);

describe('append', () => {
  it('takes 1 MB, counted in UTF-8, however JSON escapes it', async () => {
    const largest = `${'\n'.repeat(MAX_LOG_APPEND_BYTES - 3)}報`;
    expect(await append(largest)).toMatchObject({ status: 200, body: { data: { size: MAX_LOG_APPEND_BYTES } } });
    const answer = await append(`${largest}x`);
    expect([answer.status, answer.body]).toEqual([
      413,
      { code: 413, message: expect.stringMatching(/^请求参数错误: content 共 1048577 字节, 最多 1048576 字节/) },
    ]);
  });

  it('alone takes a body over 256 KB', async () => {
    const body = { content: 'x'.repeat(256 * 1024) };
    expect((await append(body.content)).status).toBe(200);
    expect((await world.send(`PUT /api/v1/tasklog/${task}/content/`, { body })).status).toBe(413);
    expect((await world.send(`PUT /api/v1/tasklog/${task}/`, { body })).status).toBe(413);
    expect((await world.send('POST /api/v1/tasklog/', { body: { ...body, task_id: task } })).status).toBe(413);
    const answer = await append('x'.repeat(3 * 1024 * 1024));
    expect([answer.status, answer.body.message]).toEqual([413, expect.stringMatching(/^请求体过大/)]);
  });

  it.each([
    ['no content', {}],
    ['content that is no text', { content: 5 }],
    ['null', { content: null }],
    ['an unknown storage', { content: 'x', storage: 'tape' }],
    ['a task_id of another task', { content: 'x', task_id: '1' }],
  ])('refuses %s', async (_name, body) => {
    const answer = await world.send(`POST /api/v1/tasklog/${task}/append`, { body });
    expect([answer.status, answer.body]).toEqual([
      400,
      { code: 400, message: expect.stringMatching(/^请求参数错误: /) },
    ]);
  });

  it.each(['abc', '0', '1.2', `1.${'9'.repeat(20)}`])('refuses the id %s', async (id) => {
    expect((await world.send(`POST /api/v1/tasklog/${id}/append/`, { body: { content: 'x' } })).status).toBe(400);
  });

  it('is taken also for a task whose own output is not kept', async () => {
    const form = { name: 'n', project: 'p', category: 'c', description: '', saveLog: false };
    task = await world.makeTask({ task: form });
    expect((await append('x')).status).toBe(200);
    expect((await content()).body.data).toMatchObject({ content: 'x' });
  });
});

describe('content', () => {
  it('is read on by the cursor, in pieces of 512 KB', async () => {
    await append(`${'a'.repeat(512 * 1024 - 1)}報end`);
    const first = (await content()).body.data as { content: string; next: number };
    expect([first.content.length, first.next]).toEqual([512 * 1024 - 1, 512 * 1024 - 1]);
    expect((await content(`?after=${first.next}`)).body.data).toEqual({
      content: '報end',
      next: 512 * 1024 + 5,
      complete: false,
    });
  });

  it('is what the worker reported, of a task that has ended without a stream', async () => {
    const run = runIn('succeeded', { id: task, output: 'done\n' });
    world.runs.set(task, run);
    expect((await content()).body.data).toEqual({ content: 'done\n', next: 5, complete: true });
    const one = await world.send(`GET /api/v1/tasklog/${task}/`);
    expect(one.body.data).toMatchObject({ task_id: task, storage: 'db', path: '', content: 'done\n', size: 5 });
  });

  it('waits for news, looking after half a second and then each second', async () => {
    const found = await content('?wait=3');
    expect(found.body.data).toEqual({ content: '', next: 0, complete: false });
    expect(world.paused).toEqual([500, 1_000, 1_000, 500]);
  });

  it('waits no longer than 20 s, and not without being asked', async () => {
    await content('?wait=9999');
    expect(world.paused.reduce((sum, ms) => sum + ms, 0)).toBe(20_000);
    world.paused.length = 0;
    for (const query of ['', '?wait=', '?wait=0', '?wait=-5', '?wait=soon']) {
      await content(query);
    }
    expect(world.paused).toEqual([]);
  });

  it('answers at once when there is something, or nothing more will come', async () => {
    await append('x');
    expect((await content('?wait=20')).body.data).toMatchObject({ content: 'x' });
    world.runs.set(task, runIn('succeeded', { id: task }));
    world.pass(60_000);
    expect((await content('?after=1&wait=20')).body.data).toEqual({ content: '', next: 1, complete: true });
    expect(world.paused).toEqual([]);
  });

  it('answers when the text comes', async () => {
    world = createLogsWorld({ pause: async () => void (await append('news')) });
    task = await world.makeTask();
    expect((await content('?wait=20')).body.data).toMatchObject({ content: 'news', next: 4 });
    expect(world.paused).toEqual([500]);
  });

  it.each(['?after=x', '?after=-1', '?after=1.5', `?after=${'9'.repeat(13)}`])('refuses %s', async (query) => {
    expect((await content(query)).status).toBe(400);
  });

  it('of an unknown or deleted task is not there', async () => {
    world.runs.set(task, runIn('succeeded', { id: task, hidden: true }));
    expect(await content('?wait=20')).toEqual({ status: 404, body: { code: 404, message: '记录不存在' } });
    expect(world.paused).toEqual([]);
  });
});

describe('the list', () => {
  type Page = {
    readonly page: number;
    readonly page_size: number;
    readonly count: number;
    readonly results: readonly { readonly task_id: string; readonly content: string }[];
  };
  const list = async (query = ''): Promise<Page> =>
    (await world.send(`GET /api/v1/tasklog/${query}`)).body.data as Page;
  const ids = (page: Page): readonly string[] => page.results.map(({ task_id }) => task_id);

  beforeEach(async () => {
    for (let index = 0; index < 12; index += 1) {
      const id = await world.makeTask();
      world.pass(1_000);
      const body = { task_id: id, content: `log of ${id}`, storage: index % 3 === 0 ? 's3' : 'db' };
      await world.send('POST /api/v1/tasklog/', { body });
    }
  });

  it('shows the newest first, ten of them', async () => {
    const page = await list();
    expect([page.page, page.page_size, page.count, page.results.length]).toEqual([1, 10, 12, 10]);
    expect(ids(page).slice(0, 2)).toEqual(['1013', '1012']);
    expect(page.results[0]?.content).toBe('log of 1013');
    expect(ids(await list('?page=2'))).toEqual(['1003', '1002']);
    expect(ids(await list('?page=3'))).toEqual([]);
  });

  it('filters by storage, task and path, and ignores what it does not know', async () => {
    expect((await list('?storage=s3')).count).toBe(4);
    expect(ids(await list('?task_id=1005'))).toEqual(['1005']);
    expect(ids(await list('?task_id=1005&storage=file'))).toEqual([]);
    expect(ids(await list('?task_id=999'))).toEqual([]);
    expect(ids(await list('?search=task/1011'))).toEqual(['1011']);
    expect((await list('?deleted=true')).count).toBe(0);
    expect((await list('?deleted=false&colour=red&storage=&search=')).count).toBe(12);
  });

  it('cuts the page size to 300 and reads what is no number as absent', async () => {
    expect((await list('?page_size=1000')).page_size).toBe(300);
    expect(await list('?page_size=x&page=y')).toMatchObject({ page: 1, page_size: 10 });
    expect((await world.send('GET /api/v1/tasklog/?page=1000&page_size=300')).status).toBe(400);
  });

  it('shares an answer among its logs', async () => {
    const [first = ''] = ids(await list('?page_size=2'));
    await world.send(`POST /api/v1/tasklog/${first}/append/`, { body: { content: 'x'.repeat(600_000) } });
    const page = await list('?page_size=2');
    expect(page.results.map((one) => one.content.length)).toEqual([256 * 1024, 'log of 1012'.length]);
  });
});

describe('credentials', () => {
  it.each([
    ['POST /api/v1/tasklog/', 403],
    ['POST /api/v1/tasklog/1001/append/', 403],
    ['PUT /api/v1/tasklog/1001/content/', 403],
    ['DELETE /api/v1/tasklog/1001/', 403],
    ['GET /api/v1/tasklog/', 200],
    ['GET /api/v1/tasklog/1001/content/', 200],
  ])('%s by a key that may only read: %d', async (request, status) => {
    expect((await world.send(request, {}, 'reader-key')).status).toBe(status);
  });
});
