/** API B: work for workers without a socket. */
import { beforeEach, describe, expect, it } from 'vitest';
import { pollWorker } from '../../lib/contracts/http/b/poll.ts';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

type Work = { readonly runs: readonly { readonly run: string; readonly attempt: number }[] } & Json;
const SHELL = { handlers: ['shell'] };
const PAYLOAD = '{"command":"date"}';

let b: BWorld;
beforeEach(() => {
  b = createBWorld();
});
const poll = (body: Json = SHELL, query = '') =>
  b.data<Work>(`POST /api/workers/worker-001/poll${query}`, body, 'worker-key');
const submit = () => b.world.submit({ handler: 'shell', payload: PAYLOAD });

describe('a poll', () => {
  it('gives work in the words of the contract, and takes the result of it', async () => {
    const run = await submit();
    const work = await poll();
    expect(work).toEqual({
      session: expect.stringMatching(/^poll-[\w-]{32}-1$/),
      at: b.world.now(),
      runs: [
        {
          seq: 0,
          run,
          attempt: 1,
          handler: 'shell',
          payload: PAYLOAD,
          notBefore: b.world.now(),
          timeoutMs: 300_000,
          maxTries: 3,
          tries: 0,
          stream: true,
        },
      ],
      cancel: [],
      heartbeat_ms: 15_000,
    });
    const { answers } = pollWorker;
    const envelope = { success: true, code: 200, message: '获取成功', timestamp: '2030-01-01T00:00:00Z' };
    expect(answers[200].schema.safeParse({ ...envelope, data: work }).error).toBeUndefined();
    const startedAt = b.world.now();
    const results = [{ run, attempt: 1, outcome: 'succeeded', startedAt, durationMs: 12, exitCode: 0, output: 'now' }];
    expect(await poll({ ...SHELL, results })).toMatchObject({ runs: [], cancel: [] });
    expect(await b.world.run(run)).toMatchObject({ status: 'succeeded', output: 'now', worker: 'worker-001' });
    expect(await b.data('GET /api/workers/worker-001')).toMatchObject({ status: 'online', max_tasks: 1 });
  });

  it('waits for work as long as it is asked to, and no longer', async () => {
    const begun = b.world.now();
    expect(await poll(SHELL, '?wait=7')).toMatchObject({ runs: [] });
    expect(b.world.now() - begun).toBe(7_000);
    expect(await poll(SHELL, '?wait=999')).toMatchObject({ runs: [] });
    expect(b.world.now() - begun).toBe(27_000);
    const run = await b.world.submit({ handler: 'shell', executeAt: b.world.now() + 5_000 });
    b.world.watch(async ({ when, name }) => {
      if (when === 'before' && name === 'runs.readyHead' && b.world.now() > begun + 30_000) {
        b.world.watch(undefined);
        await b.world.live(0);
      }
    });
    const work = await poll(SHELL, '?wait=20');
    expect(work.runs).toMatchObject([{ run }]);
    expect(b.world.now() - begun).toBeLessThan(34_000);
  });

  it('tells at once what was cancelled while it waits', async () => {
    const run = await submit();
    await poll();
    const begun = b.world.now();
    let looks = 0;
    b.world.watch(async ({ when, name }) => {
      looks += when === 'before' && name === 'runs.getMany' ? 1 : 0;
      if (looks === 3) {
        b.world.watch(undefined);
        await b.world.engine.cancelRun(run);
      }
    });
    expect(await poll({ ...SHELL, running: [[run, 1]] }, '?wait=20')).toMatchObject({ cancel: [[run, 1]] });
    expect(b.world.now() - begun).toBeLessThan(4_000);
  });

  it('is for keys with the scope and the pool', async () => {
    const asked = (body: Json, as: Parameters<BWorld['send']>[2]) => b.send('POST /api/workers/w/poll', body, as);
    expect((await asked(SHELL, 'nobody')).status).toBe(401);
    expect((await asked(SHELL, 'reader-key')).status).toBe(403);
    expect(await asked(SHELL, 'other-pool-key')).toMatchObject({
      status: 403,
      body: { success: false, code: 403, message: '权限不足: 该密钥不能用于 pool default' },
    });
    expect((await asked({ ...SHELL, pool: 'gpu' }, 'worker-key')).status).toBe(403);
    expect((await asked({ ...SHELL, pool: 'gpu' }, 'any-pool-key')).status).toBe(200);
    const run = await b.world.submit({ handler: 'shell', pool: 'gpu' });
    expect(await poll({ ...SHELL, max_tasks: 9, running: [[run, 1]] })).toMatchObject({ runs: [] });
    expect((await b.world.run(run)).status).toBe('ready');
  });

  it.each<[string, Json, string]>([
    ['w', {}, '缺少 handlers|handlers 必须是数组'],
    ['w', { handlers: 'shell' }, 'handlers 必须是数组'],
    ['w', { handlers: [''] }, 'handlers\\[0\\] 必须是 1 到 50 个字符的名称'],
    ['w', { handlers: Array(65).fill('a') }, 'handlers 不能超过 64 项'],
    ['w', { ...SHELL, pool: 'a b' }, 'pool 只能包含'],
    ['w', { ...SHELL, tags: ['ok', 'a b'] }, 'tags\\[1\\] 只能包含'],
    ['w', { ...SHELL, labels: { 'a b': 'c' } }, 'labels 的名称'],
    ['w', { ...SHELL, categories: ['1x'] }, 'categories\\[0\\] 必须是不以数字开头的类别代码'],
    ['w', { ...SHELL, max_tasks: 101 }, 'max_tasks 必须是 0 到 100 之间的整数'],
    ['w', { ...SHELL, instance: '' }, 'instance 只能包含'],
    ['w', { ...SHELL, running: [['1']] }, 'running\\[0\\].* 必须是 \\[run, attempt\\]'],
    ['w', { ...SHELL, results: [{ run: '1', attempt: 0 }] }, 'results\\[0\\]\\[attempt\\] 不是有效的执行结果'],
    ['a%20b', SHELL, 'worker_id 只能包含'],
    ['x'.repeat(129), SHELL, 'worker_id 只能包含'],
  ])('by %s with %j is refused: %s', async (id, body, message) => {
    const refused = await b.send(`POST /api/workers/${id}/poll`, body, 'worker-key');
    expect(refused.status).toBe(400);
    expect(refused.body.message).toMatch(new RegExp(`^请求参数错误: (${message})`));
  });
});
