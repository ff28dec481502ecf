/** Who may do what, over real HTTP and real sockets: people who log in, keys that are revoked, and a flood of logins. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { Worker, type WorkerLogger } from '../../lib/worker/index.ts';
import { describeCExamples } from '../api/c-examples.suite.ts';
import { SOON_MS, startTestStack, type TestStack } from '../support/local-stack.ts';
import { until } from '../support/until.ts';

let running: TestStack | undefined;

const app = (): TestStack => {
  if (!running) {
    throw new Error('The stack did not start');
  }
  return running;
};

beforeAll(async () => {
  running = await startTestStack({ engine: 'aws', worker: false });
}, 60_000);

afterAll(async () => {
  await running?.stop();
}, 30_000);

type Answer = { readonly status: number; readonly retryAfter: string | null; readonly text: string };

const call = async (
  method: string,
  path: string,
  { as, body, withinMs = 30_000 }: { readonly as?: string; readonly body?: unknown; readonly withinMs?: number } = {},
): Promise<Answer> => {
  const response = await fetch(`${app().stack.url}${path}`, {
    method,
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(withinMs),
  });
  const text = await response.text();
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text };
};

const dataOf = <T extends z.ZodType>(answer: Answer, schema: T): z.output<T> =>
  schema.parse(z.object({ data: z.unknown() }).parse(JSON.parse(answer.text)).data);

const tokensSchema = z.object({ access_token: z.string(), refresh_token: z.string() });
const login = async (username: string, password: string) => {
  const answer = await call('POST', '/api/auth/login', { body: { username, password } });
  expect(answer).toMatchObject({ status: 200 });
  return dataOf(answer, tokensSchema);
};

/** In person, with what `npm start` prints. */
const loginAsAdmin = async (): Promise<string> => {
  const { username, password = '' } = app().stack.admin;
  return (await login(username, password)).access_token;
};

const keySchema = z.object({ id: z.int(), key: z.string() });
type NewKey = { readonly name: string; readonly role?: string; readonly pools?: readonly string[] };
const makeKey = async (key: NewKey, as: string) => {
  const answer = await call('POST', '/api/auth/api-keys', { as, body: key });
  expect(answer).toMatchObject({ status: 201 });
  return dataOf(answer, keySchema);
};

const auditOf = async (query: string): Promise<readonly { readonly detail: string; readonly entity: string }[]> => {
  const answer = await call('GET', `/api/audit?page_size=100&${query}`, { as: app().stack.adminKey });
  expect(answer).toMatchObject({ status: 200 });
  const entry = z.object({ detail: z.string(), entity: z.string() });
  return dataOf(answer, z.object({ list: z.array(entry) })).list;
};

/** A worker in this process that keeps what it logs, and the runs of its handler. */
const createWorker = (name: string, token: string, { pool, handler }: { pool?: string; handler: string }) => {
  const lines: string[] = [];
  const runs: string[] = [];
  const keep =
    (level: string) =>
    (message: string, fields: unknown = {}): void => {
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
  const logger: WorkerLogger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
  const worker = new Worker({
    ...{ url: app().stack.wsUrl, token, name, logger, spoolDirectory: join(app().directory, `${name}.spool`) },
    ...(pool === undefined ? {} : { pool }),
  }).handle(handler, ({ run }) => {
    runs.push(run);
  });
  onTestFinished(() => worker.stop());
  const said = (words: string): Promise<string> =>
    until(`"${words}" of worker ${name} among:\n${lines.join('\n')}`, () => lines.find((line) => line.includes(words)));
  return { worker, runs, lines, said };
};

const submit = (handler: string) =>
  app().client.create({ executeAt: Date.now() + SOON_MS, type: handler, payload: {} });

describe('the documented examples of API C', () => {
  describeCExamples(() => {
    const { url, admin } = app().stack;
    return { url, admin: { username: admin.username, password: admin.password ?? '' } };
  });
});

describe('people', () => {
  it('log in with what was printed, and with what an admin gave them', async () => {
    const { username, password = '' } = app().stack.admin;
    const { access_token: admin } = await login(username, password);
    expect(dataOf(await call('GET', '/api/auth/profile', { as: admin }), z.object({ role: z.string() }))).toEqual({
      role: 'admin',
    });
    expect((await call('POST', '/api/auth/login', { body: { username, password: `${password}x` } })).status).toBe(401);

    const ann = { username: 'ann', email: 'ann@example.com', password: 'correct horse' };
    expect((await call('POST', '/api/users', { as: admin, body: { ...ann, role: 'user' } })).status).toBe(201);
    const tokens = await login(ann.email, ann.password);
    expect((await call('GET', '/api/users', { as: tokens.access_token })).status).toBe(403);
    // What a person may not do, no key of theirs may.
    const key = await makeKey({ name: 'of ann' }, tokens.access_token);
    expect((await call('GET', '/api/users', { as: key.key })).status).toBe(403);
    const body = { name: 'a worker', role: 'worker', pools: ['*'] };
    expect((await call('POST', '/api/auth/api-keys', { as: tokens.access_token, body })).status).toBe(403);

    expect((await call('POST', '/api/auth/logout', { as: tokens.access_token })).status).toBe(200);
    expect((await call('GET', '/api/auth/profile', { as: tokens.access_token })).status).toBe(401);
    const refresh = { body: { refresh_token: tokens.refresh_token } };
    expect((await call('POST', '/api/auth/refresh', refresh)).status).toBe(401);
    expect((await call('GET', '/api/auth/profile', { as: key.key })).status).toBe(200);
  });

  it('find the public keys of their tokens', async () => {
    const answer = await call('GET', '/.well-known/jwks.json');
    expect(answer.status).toBe(200);
    const { keys } = z.object({ keys: z.array(z.record(z.string(), z.string())) }).parse(JSON.parse(answer.text));
    expect(keys).toEqual([expect.objectContaining({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })]);
    expect(keys[0]).not.toHaveProperty('d');
  });
});

describe('workers', () => {
  it('get nothing of a pool that their key does not serve', { timeout: 60_000 }, async () => {
    const { key } = await makeKey({ name: 'elsewhere', role: 'worker', pools: ['elsewhere'] }, await loginAsAdmin());
    const handler = 'pool_work';
    const spy = createWorker('spy', key, { handler });
    // It is never welcomed, so its start does not end.
    spy.worker.start().catch(() => undefined);
    await spy.said('does not serve the pool');
    const beside = createWorker('beside', key, { handler, pool: 'elsewhere' });
    await beside.worker.start();
    const { id } = await submit(handler);
    const honest = createWorker('honest', app().stack.workerKey, { handler });
    await honest.worker.start();
    expect(await app().ended(id)).toMatchObject({ status: 'completed', attempts: 1, worker: 'honest' });
    expect([spy.runs, beside.runs, honest.runs]).toEqual([[], [], [String(id)]]);
    expect((await auditOf('action=worker.refused')).map(({ entity }) => entity)).toContain('pool:default');
  });

  it('are cut off within a heartbeat of their key being revoked, and do not come back', {
    timeout: 90_000,
  }, async () => {
    const admin = await loginAsAdmin();
    const { key, id } = await makeKey({ name: 'to be revoked', role: 'worker', pools: ['default'] }, admin);
    const handler = 'revoked_work';
    const expelled = createWorker('expelled', key, { handler });
    await expelled.worker.start();
    const before = await submit(handler);
    expect(await app().ended(before.id)).toMatchObject({ status: 'completed', worker: 'expelled' });

    expect((await call('DELETE', `/api/auth/api-keys/${id}`, { as: app().stack.adminKey })).status).toBe(200);
    await expelled.said('the session is over');
    expect(await expelled.said('refuses this API key (HTTP 401)')).toMatch(/^error .*revoked/);
    expect((await auditOf('action=worker.expelled')).map(({ detail }) => detail)).toContain('the key was revoked');

    const after = await submit(handler);
    const heir = createWorker('heir', app().stack.workerKey, { handler });
    await heir.worker.start();
    expect(await app().ended(after.id)).toMatchObject({ status: 'completed', worker: 'heir' });
    expect(expelled.runs).toEqual([String(before.id)]);
    // Tried at most once more by now: it comes back seldom.
    expect(expelled.lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });

  it('are not let in with anything but a key for workers', async () => {
    const credentials: readonly (readonly [string, string])[] = [
      ['(HTTP 401)', `csk_1_1_${'x'.repeat(43)}`],
      ['(HTTP 401)', await loginAsAdmin()],
      ['(HTTP 403)', app().stack.adminKey],
    ];
    for (const [at, [words, token]] of credentials.entries()) {
      const stranger = createWorker(`stranger-${at}`, token, { handler: 'nothing' });
      stranger.worker.start().catch(() => undefined);
      expect(await stranger.said('refuses this API key')).toContain(words);
    }
  });
});

it('a request line and headers over 10 KB are refused before anything reads them', async () => {
  expect((await call('GET', '/api/auth/profile', { as: 'x'.repeat(10_500) })).status).toBe(431);
  expect((await call('GET', `/api/users?page=${'1'.repeat(10_500)}`)).status).toBe(431);
  expect((await call('GET', '/api/auth/profile', { as: 'x'.repeat(9_000) })).status).toBe(401);
});

it('hundreds of logins at once are all answered, and the stack goes on', { timeout: 90_000 }, async () => {
  const { username, password = '' } = app().stack.admin;
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, at) => {
      const body = at % 4 === 0 ? { username, password } : { username: `nobody-${at}`, password: 'a guess' };
      return call('POST', '/api/auth/login', { body, withinMs: 30_000 });
    }),
  );
  const statuses = new Set(answers.map(({ status }) => status));
  expect([200, 401, 429, 503]).toEqual(expect.arrayContaining([...statuses]));
  expect(statuses).toContain(503);
  for (const { status, retryAfter } of answers) {
    expect(retryAfter === null).toBe(status === 200 || status === 401);
  }
  expect((await call('GET', '/health')).status).toBe(200);
  expect((await call('GET', '/api/auth/profile', { as: app().stack.adminKey })).status).toBe(200);
});
