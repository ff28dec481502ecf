/** An attacker on jobs, runs, locks and workers: what a key may do with them, and what a request may smuggle into them. */
import { beforeAll, describe, expect } from 'vitest';
import * as z from 'zod';
import type { Answer } from '../support/attacker-requests.ts';
import { createAttack } from '../support/attacker-story.ts';
import type { Attacker } from '../support/attacker-world.ts';

const { stack, mallory, story, epilogue } = createAttack('aws');

/** What the honest have, by its id. */
type Things = { readonly job: string; readonly task: string; readonly category: string };
const WORKER = 'honest-worker';
const JOB = { name: 'payroll', project: 'finance', time: '0 0 2 * * * *', command: 'bin/payroll', is_active: true };
let things: Things = { job: '', task: '', category: '' };

const idSchema = z.object({ data: z.object({ id: z.coerce.string() }) });
const cursorSchema = z.object({ data: z.object({ next_cursor: z.string() }) });

const asAdmin = async <T extends z.ZodType>(line: string, answered: T, body?: object): Promise<z.output<T>> => {
  const sent = { as: stack().app.stack.adminKey, ...(body && { body }) };
  const { status, text } = await stack().home.send(line, sent);
  const parsed = answered.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new Error(`${line}: ${status} ${text}`);
  }
  return parsed.data;
};
const made = async (line: string, body: object): Promise<string> => (await asAdmin(line, idSchema, body)).data.id;

beforeAll(async () => {
  const planned = { name: 'transfer', command: 'bin/transfer', time_plan: new Date(Date.now() + 864e5).toISOString() };
  things = {
    job: await made('POST /api/v1/cronjob', JOB),
    task: await made('POST /api/v1/task', planned),
    category: await made('POST /api/v1/category', { code: 'video' }),
  };
  await made('POST /api/v1/cronjob', { ...JOB, name: 'payroll of another project', project: 'sales' });
  await made('POST /api/v1/worker', { id: WORKER, name: WORKER });
});

/** All of it, as an admin sees it. */
const everything = async (): Promise<unknown> => {
  const { job, task, category } = things;
  const paths = [
    `/api/v1/cronjob/${job}`,
    `/api/v1/task/${task}`,
    `/api/v1/category/${category}`,
    `/api/v1/worker/${WORKER}`,
    '/api/v1/lock/check?key=guard',
  ];
  const seen = await Promise.all(paths.map((path) => asAdmin(`GET ${path}`, z.object({ data: z.unknown() }))));
  return seen.map(({ data }) => z.looseObject({ check_time: z.unknown() }).partial().parse(data)).map(withoutClock);
};
const withoutClock = ({ check_time: _, ...rest }: Readonly<Record<string, unknown>>): unknown => rest;

type Call = readonly [line: string, body?: object | string];
/** @returns those that were answered otherwise than with one of the statuses */
const othersThan = async (
  statuses: readonly number[],
  { send }: Attacker,
  as: string,
  calls: readonly Call[],
): Promise<readonly string[]> => {
  const others: string[] = [];
  for (const [line, body] of calls) {
    const sent = typeof body === 'string' ? { text: body } : { body };
    const { status, text }: Answer = await send(line, { as, ...sent });
    if (!statuses.includes(status)) {
      others.push(`${line} ${JSON.stringify(body ?? {}).slice(0, 80)}: ${status} ${text.slice(0, 100)}`);
    }
  }
  return others;
};

const readsOf = ({ job, task, category }: Things): readonly Call[] => [
  ['GET /api/tasks'],
  [`GET /api/tasks/${job}`],
  [`GET /api/tasks/${job}/runs`],
  [`GET /api/tasks/${job}/ledger?from=2030-01-01T00:00:00Z&to=2030-01-02T00:00:00Z`],
  [`GET /api/v1/cronjob/${job}`],
  ['GET /api/v1/cronjob/project/finance/name/payroll'],
  [`GET /api/v1/cronjob/${job}/why`],
  ['GET /api/v1/task'],
  [`GET /api/v1/task/${task}`],
  [`GET /api/runs/${task}`],
  [`GET /api/v1/tasklog/${task}`],
  [`GET /api/v1/tasklog/${task}/content`],
  [`GET /api/v1/category/${category}`],
  ['GET /api/workers'],
  ['GET /api/v1/worker'],
  ['GET /api/v1/lock/check?key=guard'],
  ['GET /api/system/status'],
];
const writesOf = ({ job, task, category }: Things): readonly Call[] => [
  ['POST /api/tasks', { name: 'mine', executor: 'shell', command: 'id' }],
  [`PUT /api/tasks/${job}`, { status: 'paused' }],
  [`DELETE /api/tasks/${job}`],
  [`POST /api/tasks/${job}/trigger`],
  ['POST /api/tasks/bulk', { action: 'pause', filter: { all: true } }],
  ['POST /api/v1/cronjob', { ...JOB, name: 'mine' }],
  [`PUT /api/v1/cronjob/${job}`, { ...JOB, command: 'id' }],
  [`PATCH /api/v1/cronjob/${job}`, { command: 'id' }],
  [`PUT /api/v1/cronjob/${job}/toggle-active`],
  [`POST /api/v1/cronjob/${job}/execute`],
  [`POST /api/v1/cronjob/${job}/backfill`, { from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' }],
  [`DELETE /api/v1/cronjob/${job}`],
  ['POST /api/v1/cronjob/bulk', { action: 'delete', project: 'finance' }],
  ['POST /api/v1/task', { name: 'mine', command: 'id' }],
  [`PATCH /api/v1/task/${task}`, { name: 'mine' }],
  [`PUT /api/v1/task/${task}/update-status`, { status: 'success' }],
  [`PUT /api/v1/task/${task}/update-output`, { output: 'mine' }],
  [`POST /api/v1/task/${task}/cancel`],
  [`DELETE /api/v1/task/${task}`],
  [`POST /api/runs/${task}/cancel`],
  [`POST /api/v1/tasklog/${task}/append`, { content: 'mine' }],
  ['GET /api/v1/lock/acquire?key=guard'],
  [`PUT /api/workers/${WORKER}`, { enabled: false }],
  [`DELETE /api/v1/worker/${WORKER}`],
  [`PUT /api/v1/category/${category}`, { setup: 'id' }],
  ['POST /api/v1/category', { code: 'mine', setup: 'id' }],
];

describe('who has a key', () => {
  story('of a worker, has no part in jobs', ['access.refused operation:createJob'], async (attacker) => {
    const before = await everything();
    const as = stack().app.stack.workerKey;
    expect(await othersThan([403], attacker, as, [...readsOf(things), ...writesOf(things)])).toEqual([]);
    expect(await everything()).toEqual(before);
  });

  story('for reading jobs, writes nothing', ['access.refused operation:deleteJob'], async (attacker) => {
    const before = await everything();
    const reader = await stack().addKey(mallory().tokens.access, { name: 'reader', scopes: ['jobs:read'] });
    const beats: readonly Call[] = [
      [`POST /api/workers/${WORKER}/poll`, { handlers: ['shell'] }],
      [`POST /api/workers/${WORKER}/heartbeat`, { status: 'offline', current_tasks: 0 }],
      [`GET /api/v1/worker/${WORKER}/ping`],
    ];
    expect(await othersThan([403], attacker, reader.key, [...writesOf(things), ...beats])).toEqual([]);
    expect(await othersThan([200], attacker, reader.key, [[`GET /api/tasks/${things.job}`]])).toEqual([]);
    expect(await othersThan([403], attacker, reader.key, [[`GET /api/v1/task/${things.task}`]])).toEqual([]);
    expect(await everything()).toEqual(before);
    const { access } = mallory().tokens;
    expect((await stack().home.send(`DELETE /api/auth/api-keys/${reader.id}`, { as: access })).status).toBe(200);
  });

  story('of a user, reads all jobs, by their ids too: jobs have no owner', [], async (attacker) => {
    const reads = readsOf(things).filter(([line]) => !line.includes('/tasklog/'));
    expect(await othersThan([200], attacker, mallory().key.key, reads)).toEqual([]);
  });

  story('of a user, leaves workers and their scripts alone', ['access.refused operation:putCategory'], async (a) => {
    const before = await everything();
    const calls = writesOf(things).filter(([line]) => /worker|category/.test(line));
    expect(await othersThan([403], a, mallory().key.key, calls)).toEqual([]);
    expect(await everything()).toEqual(before);
  });
});

describe('who smuggles', () => {
  story('fields into a change, changes none that is not named', [], async (attacker) => {
    const before = await everything();
    const { job, task } = things;
    const texts = [
      '{"__proto__":{"is_active":false,"status":"paused","name":"mine"}}',
      '{"constructor":{"prototype":{"is_active":false,"status":"paused"}}}',
      '{"state":"deleted","version":99,"rev":99,"spec":1,"next":1,"fired":9,"pend":{"n":1}}',
      '{"Status":"paused","IS_ACTIVE":false," name":"mine"}',
      '{"metadata":{"__proto__":{"environment":{"A":"B"}},"environment":{"__proto__":"x"}}}',
      '{"hidden":true,"attempt":9,"handler":"mine","job":"1","fence":9,"session":{"id":"mine"}}',
    ];
    const lines = [`PATCH /api/v1/cronjob/${job}`, `PATCH /api/v1/task/${task}`];
    const as = mallory().key.key;
    const calls = lines.flatMap((line) => texts.map((text) => [line, text] as const));
    expect(await othersThan([200, 400], attacker, as, calls)).toEqual([]);
    const named = ['{"id":"1"}', '{"created_at":"2020-01-01T00:00:00Z"}', '{"id":"1","\\u0069d":"2"}'];
    const refused = lines.flatMap((line) => named.map((text) => [line, text] as const));
    expect(await othersThan([400], attacker, as, [...refused, [lines[1] ?? '', '{"status":"success"}']])).toEqual([]);
    const changed = JSON.stringify(await everything()).replaceAll(/"updated_at":"[^"]*"/g, '');
    expect(changed).toBe(JSON.stringify(before).replaceAll(/"updated_at":"[^"]*"/g, ''));
  });

  story('keys of the tables into names, finds nothing else by them', [], async (attacker) => {
    const as = mallory().key.key;
    const texts = ['#', '%', '..', '../x', 'JOB#1', 'USER#1', 'NAME#JOB#finance', '__proto__', '\u0000', '\u0001', '*'];
    const long = ['x'.repeat(3_000), 'é'.repeat(700)];
    const words = [...texts, ...long].map(encodeURIComponent);
    const lists = words.flatMap((word) =>
      [
        'tasks?search=',
        'tasks?project=',
        'tasks?name=',
        'v1/cronjob?search=',
        'v1/cronjob?category=',
        'v1/task?search=',
      ]
        .concat(['v1/task?cronjob=', 'v1/tasklog?task_id=', 'v1/worker?id=', 'v1/category?search='])
        .map((path) => [`GET /api/${path}${word}`] as const),
    );
    expect(await othersThan([200, 400], attacker, as, lists)).toEqual([]);
    const ids = [...words, '..%2f..%2fusers', '1.1.1.1', '9'.repeat(300), '1e3', '%EF%BC%91'].flatMap((id) =>
      ['tasks/', 'runs/', 'v1/cronjob/', 'v1/task/', 'v1/tasklog/', 'v1/category/', 'workers/', 'v1/worker/']
        .concat([`v1/cronjob/project/${id}/name/`])
        .map((path) => [`GET /api/${path}${id}`] as const),
    );
    expect(await othersThan([400, 404], attacker, as, ids)).toEqual([]);
  });

  story('into the keys of locks, takes no other lock', [], async (attacker) => {
    const as = mallory().key.key;
    const held = await asAdmin('GET /api/v1/lock/acquire?key=guard', z.object({ data: z.looseObject({}) }));
    const near = ['guard%00', 'guard%20', 'GUARD', 'guard%23', 'LEASE%23guard', '%01guard', 'x'.repeat(1_024)];
    const taken = near.map((key) => [`GET /api/v1/lock/acquire?key=${key}`] as const);
    expect(await othersThan([200], attacker, as, taken)).toEqual([]);
    const bad = ['', 'é'.repeat(600)].map(
      (key) => [`GET /api/v1/lock/acquire?key=${encodeURIComponent(key)}`] as const,
    );
    expect(await othersThan([400], attacker, as, bad)).toEqual([]);
    const guessed: readonly Call[] = [['GET /api/v1/lock/release?key=guard&value=0'.padEnd(75, '0')]];
    expect(await othersThan([409], attacker, as, guessed)).toEqual([]);
    const checked = await asAdmin('GET /api/v1/lock/check?key=guard', z.object({ data: z.looseObject({}) }));
    expect(checked.data).toMatchObject({ is_locked: true, fencing_token: held.data.fencing_token });
    await asAdmin(`GET /api/v1/lock/release?key=guard&value=${String(held.data.value)}`, z.unknown());
  });

  story('places into cursors, is led nowhere else', [], async (attacker) => {
    const as = mallory().key.key;
    const page = await asAdmin('GET /api/tasks?size=1', cursorSchema);
    const cursors = [
      page.data.next_cursor,
      ...['0:', '99999:', '-1:', '0:__proto__'].map((text) => Buffer.from(text).toString('base64url')),
      ...[[things.job], ['USER#1'], [things.job, 'x'.repeat(1_020)], [things.job, 'bin#'], { pk: 'USER#1' }]
        .map((place) => Buffer.from(JSON.stringify(place)).toString('base64url'))
        .flatMap((inner) => [inner, Buffer.from(`0:${inner}`).toString('base64url')]),
    ];
    const filters = ['', '&search=bin', '&project=sales', '&status=paused', '&category=default', '&ordering=name'];
    const lists = [
      '/api/tasks?',
      '/api/v1/cronjob?',
      '/api/v1/task?',
      `/api/tasks/${things.job}/runs?`,
      '/api/v1/tasks?',
    ];
    const calls = cursors.flatMap((cursor) =>
      filters.flatMap((filter) => lists.map((list) => [`GET ${list}cursor=${cursor}${filter}`] as const)),
    );
    expect(await othersThan([200, 400], attacker, as, calls)).toEqual([]);
    // A cursor of the list of all, or of another filter, shows of one project what is in that project.
    for (const cursor of cursors) {
      const { status, text } = await attacker.send(`GET /api/v1/cronjob?project=sales&cursor=${cursor}`, { as });
      expect(status === 400 || !text.includes('finance'), text).toBe(true);
    }
  });
});

epilogue();
