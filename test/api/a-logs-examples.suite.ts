/**
 * What API A's document promises of task logs, over HTTP: the requests that its workers send, the documented status, and
 * every documented key with its type and, where the document fixes one, its value. Further keys are allowed.
 */
import { describe, expect, it } from 'vitest';

type Json = Readonly<Record<string, unknown>>;
type Answered = { readonly status: number; readonly json: Json };

export type LogTarget = {
  readonly url: string;
  /** Of an admin. */
  readonly token: string;
  /** A task that waits: its log is the client's to write. @returns its id */
  readonly makeTask: () => Promise<string>;
};

const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);

/** @param target read when a test runs: the server is up by then */
export const describeLogExamples = (target: () => LogTarget): void => {
  const send = async (method: string, path: string, body?: object): Promise<Answered> => {
    const response = await fetch(`${target().url}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${target().token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Json };
  };
  const expectOk = (answer: Answered, status: number, data: unknown): void =>
    expect(answer).toEqual({ status, json: { code: 0, message: 'ok', data } });
  const expectError = (answer: Answered, status: number, message: unknown): void =>
    expect(answer).toEqual({ status, json: { code: status, message } });
  const log = (id: string, content: string, fields: object = {}) =>
    expect.objectContaining({
      task_id: id,
      storage: 'file',
      path: expect.stringMatching(new RegExp(`^logs/\\d{6}/task/${id.replaceAll('.', '\\.')}\\.log$`)),
      content,
      size: Buffer.byteLength(content),
      created_at: INSTANT,
      updated_at: INSTANT,
      ...fields,
    });
  const withLog = async (content: string): Promise<string> => {
    const id = await target().makeTask();
    expectOk(await send('POST', '/tasklog/', { task_id: id, storage: 'file', content }), 201, log(id, content));
    return id;
  };

  describe('task logs', () => {
    it('are created, read and deleted', async () => {
      const id = await withLog('第一行\n');
      expectOk(await send('GET', `/tasklog/${id}/`), 200, log(id, '第一行\n'));
      expectOk(await send('DELETE', `/tasklog/${id}/`), 200, { message: '任务日志删除成功' });
      expectError(await send('GET', `/tasklog/${id}/`), 404, '记录不存在');
      expectError(await send('DELETE', `/tasklog/${id}/`), 404, '记录不存在');
    });

    it('are refused for a task that has one, and for a task that there is not', async () => {
      const id = await withLog('a');
      expectError(await send('POST', '/tasklog/', { task_id: id }), 409, '记录已存在');
      expectError(await send('POST', '/tasklog/', { task_id: '9007199254740991' }), 404, '记录不存在');
    });

    it('are updated', async () => {
      const id = await withLog('old');
      expectOk(await send('PUT', `/tasklog/${id}/`, { content: 'new' }), 200, log(id, 'new'));
      expectOk(await send('PUT', `/tasklog/${id}/content/`, { content: 'newer' }), 200, log(id, 'newer'));
    });

    it('are listed', async () => {
      const id = await withLog('listed');
      const { status, json } = await send('GET', `/tasklog/?task_id=${id}&storage=file&page=1&page_size=10`);
      expect(status).toBe(200);
      expect(json).toEqual({
        code: 0,
        message: 'ok',
        data: { page: 1, page_size: 10, count: 1, results: [log(id, 'listed')] },
      });
      const all = await send('GET', '/tasklog/');
      expect(all.json.data).toMatchObject({ page: 1, page_size: 10, count: expect.any(Number) });
    });

    it('grow, and come into being, by append', async () => {
      const id = await target().makeTask();
      const place = (size: number) => ({
        task_id: id,
        storage: 'db',
        path: '',
        size,
      });
      expectOk(await send('POST', `/tasklog/${id}/append/`, { content: 'one\n' }), 200, place(4));
      expectOk(await send('POST', `/tasklog/${id}/append/`, { content: '二\n', task_id: id }), 200, place(8));
      expectError(
        await send('POST', `/tasklog/${id}/append/`, { content: 'x', task_id: '1' }),
        400,
        expect.stringMatching(/^请求参数错误: /),
      );
      expectOk(await send('GET', `/tasklog/${id}/content/`), 200, {
        content: 'one\n二\n',
        next: 8,
        complete: false,
      });
    });

    it('are followed while they grow', async () => {
      const id = await withLog('one\n');
      const waiting = send('GET', `/tasklog/${id}/content/?after=4&wait=20`);
      await send('POST', `/tasklog/${id}/append/`, { content: 'two\n' });
      expectOk(await waiting, 200, { content: 'two\n', next: 8, complete: false });
    });

    it('take a credential', async () => {
      const response = await fetch(`${target().url}/api/v1/tasklog/`);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: 401, error: 'MISSING_AUTH_HEADER' });
    });
  });
};
