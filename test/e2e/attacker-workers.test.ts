/** An attacker with a worker's key, and one who writes what is logged: sockets and functions of the whole stack. */
import { beforeAll, describe, expect } from 'vitest';
import * as z from 'zod';
import { forgeKeys } from '../support/attacker-forgeries.ts';
import { dataOf, type Sent, said } from '../support/attacker-requests.ts';
import { heartbeatOf, helloOf, logOf, type OpenSocket, type RawSocket, resultOf } from '../support/attacker-socket.ts';
import { createAttack } from '../support/attacker-story.ts';
import type { Attacker, Key } from '../support/attacker-world.ts';
import { SOON_MS } from '../support/local-stack.ts';
import { until } from '../support/until.ts';

const { stack, mallory, story, epilogue } = createAttack('aws');

const workerKey = (name: string, pool: string): Promise<Key> =>
  stack().addKey(stack().adminToken, { name, role: 'worker', pools: [pool] });
const revoke = async ({ id }: Key): Promise<void> => {
  const answer = await stack().home.send(`DELETE /api/auth/api-keys/${id}`, { as: stack().app.stack.adminKey });
  expect(answer.status).toBe(200);
};
const welcomed = async (open: OpenSocket, key: string): Promise<RawSocket> => {
  const opened = await open(key);
  if (!('socket' in opened)) {
    throw new Error(`The socket was refused with ${opened.status}`);
  }
  return opened.socket;
};

const anything = z.record(z.string(), z.unknown());

describe('who has a worker’s key', () => {
  let ofElsewhere: Key | undefined;
  beforeAll(async () => {
    ofElsewhere = await workerKey('of elsewhere', 'elsewhere');
  });

  story(
    'of another pool, touches no run and sees no payload',
    ['worker.refused pool:default', 'access.refused operation:getProfile'],
    async (attacker) => {
      const { app, at } = stack();
      const honest = await welcomed(at('127.0.0.1').openSocket, app.stack.workerKey);
      honest.say(helloOf('honest', 'default', 'guarded'));
      await honest.heard('welcome');
      const task = { executeAt: Date.now() + SOON_MS, type: 'guarded', payload: { only: 'for workers of its pool' } };
      const { id } = await app.client.create(task);
      const [order] = (await honest.heard('run')).runs;
      const held = { run: String(id), attempt: order?.attempt ?? 0 };
      const before = await app.client.get(id);

      const as = ofElsewhere?.key ?? '';
      const [foreign, absent] = [
        await attacker.send(`GET /api/runs/${id}/payload`, { as }),
        await attacker.send(`GET /api/runs/${id + 1}/payload`, { as }),
      ];
      expect(said(foreign)).toBe(said(absent));
      expect(foreign.status).toBe(404);
      expect((await attacker.send('GET /api/auth/profile', { as })).status).toBe(403);

      const thief = await welcomed(attacker.openSocket, as);
      thief.say(helloOf('thief', 'elsewhere', 'guarded'));
      await thief.heard('welcome');
      // The run is named rightly; the pool is once the thief's own, then the run's.
      thief.say({ type: 'started', session: 'thief', pool: 'elsewhere', runs: [{ ...held, startedAt: Date.now() }] });
      thief.say({ type: 'progress', session: 'thief', pool: 'elsewhere', ...held, percent: 99 });
      thief.say(resultOf('thief', 'elsewhere', held, 'stolen'));
      expect((await thief.heard('stale')).attempts).toEqual([[held.run, held.attempt]]);
      thief.say(logOf('thief', 'elsewhere', held, 'forged\n'));
      const leftOut = () => (app.log().includes('A piece of a log was left out') ? true : undefined);
      await until('the piece of a log that was left out', leftOut);
      // In the name of the one who holds it. Three refusals within a minute close the socket, in one moment or in turn.
      thief.say(resultOf('honest', 'default', held, 'stolen'));
      thief.say(heartbeatOf('honest', 'default'));
      thief.say(helloOf('second-thief', 'default', 'guarded'));
      thief.say({ type: 'goodbye', session: 'honest', pool: 'default' });
      expect((await thief.heard('error')).code).toBe('refused');
      await thief.closed();
      expect(thief.frames.filter(({ type }) => type === 'run')).toEqual([]);
      expect(await app.client.get(id)).toEqual(before);

      honest.say(logOf('honest', 'default', held, 'true\n'));
      const logged = async () => {
        const { text } = await at('127.0.0.1').send(`GET /api/v1/tasklog/${id}/content`, { as: app.stack.adminKey });
        return dataOf({ status: 200, headers: {}, text }, z.object({ content: z.string() })).content || undefined;
      };
      expect(await until('the log of the run', logged)).toBe('true\n');
      honest.say(resultOf('honest', 'default', held, 'earned'));
      expect(await app.ended(id)).toMatchObject({ status: 'completed', output: 'earned', attempts: 1 });
      honest.end();
    },
  );

  story(
    'of another pool, gets nothing by polls and speaks for no worker but its own',
    ['access.refused operation:pollWorker', 'access.refused operation:heartbeatWorker'],
    async (attacker) => {
      const { app, at } = stack();
      const task = { executeAt: Date.now() + SOON_MS, type: 'polled', payload: {} };
      const { id } = await app.client.create(task);
      const poll = (from: Pick<Attacker, 'send'>, as: string, body: object, worker = 'poller') =>
        from.send(`POST /api/workers/${worker}/poll`, { as, body: { handlers: ['polled'], max_tasks: 9, ...body } });
      const home = at('127.0.0.1');
      const seen = async () => {
        const { text } = await home.send('GET /api/workers/poller', { as: app.stack.adminKey });
        const { last_heartbeat: _, updated_at: __, ...worker } = dataOf({ status: 200, headers: {}, text }, anything);
        return worker;
      };
      const work = z.object({ runs: z.array(z.object({ run: z.string(), attempt: z.int() })) });
      const order = await until('the run by a poll', async () => {
        const given = dataOf(await poll(home, app.stack.workerKey, { max_tasks: 1 }), work);
        return given.runs[0];
      });
      const before = [await app.client.get(id), await seen()];

      const as = ofElsewhere?.key ?? '';
      const result = { ...order, outcome: 'succeeded', output: 'stolen', startedAt: Date.now(), durationMs: 1 };
      const running = [[order.run, order.attempt]];
      expect((await poll(attacker, as, {})).status).toBe(403);
      expect((await poll(attacker, as, { pool: '*' })).status).toBe(400);
      expect((await poll(attacker, as, { pool: 'default', results: [result] })).status).toBe(403);
      // In the own pool, under the other's id, with the run named rightly.
      const own = dataOf(await poll(attacker, as, { pool: 'elsewhere', results: [result], running }), work);
      expect(own.runs).toEqual([]);
      const beats = [
        ['POST /api/workers/poller/heartbeat', { status: 'offline', current_tasks: 0 }],
        ['GET /api/v1/worker/poller/ping', undefined],
        ['PUT /api/v1/worker/poller/ping', undefined],
      ] as const;
      for (const [line, body] of beats) {
        expect((await attacker.send(line, { as, body })).status, line).toBe(403);
      }
      expect([await app.client.get(id), await seen()]).toEqual(before);

      const done = { ...result, output: 'earned' };
      expect((await poll(home, app.stack.workerKey, { max_tasks: 0, results: [done] })).status).toBe(200);
      expect(await app.ended(id)).toMatchObject({ status: 'completed', output: 'earned', attempts: 1 });
    },
  );

  story('that was revoked, polls no more', ['access.refused operation:pollWorker'], async (attacker) => {
    const key = await workerKey('to be revoked while it polls', 'default');
    const poll = () =>
      attacker.send('POST /api/workers/revoked/poll', { as: key.key, body: { handlers: ['nothing'] } });
    expect((await poll()).status).toBe(200);
    await revoke(key);
    expect((await poll()).status).toBe(401);
  });

  story(
    'that was revoked, is cut off and not let in again',
    ['worker.expelled session:expelled', 'worker.refused key:', 'access.refused operation:downloadPayload'],
    async (attacker) => {
      const key = await workerKey('to be revoked', 'default');
      const socket = await welcomed(attacker.openSocket, key.key);
      socket.say(helloOf('expelled', 'default', 'nothing'));
      await socket.heard('welcome');
      await revoke(key);
      socket.say(heartbeatOf('expelled', 'default'));
      await socket.heard('gone');
      await socket.closed();
      expect(await attacker.openSocket(key.key)).toEqual({ status: 401 });
      expect((await attacker.send('GET /api/runs/1/payload', { as: key.key })).status).toBe(401);
    },
  );

  story(
    'that is none, opens no socket',
    ['worker.refused operation:connect', 'worker.refused key:'],
    async (attacker) => {
      const { tokens, key } = mallory();
      const prefix = ofElsewhere?.prefix ?? '';
      const statuses: (readonly [string, number])[] = [];
      for (const { name, text } of [
        { name: 'a login', text: tokens.access },
        { name: 'nothing', text: undefined },
        ...forgeKeys(key.key, prefix),
      ]) {
        statuses.push([name, (await attacker.openSocket(text)).status]);
      }
      expect(statuses.filter(([, status]) => status !== 401)).toEqual([]);
      expect((await attacker.openSocket(key.key)).status).toBe(403);
      expect((await attacker.openSocket(stack().app.stack.adminKey)).status).toBe(403);
    },
  );
});

describe('who chooses what is logged', () => {
  story(
    'writes no line of their own into a log',
    ['login.failed user:unknown', 'key.created key:', 'key.revoked key:'],
    async (attacker) => {
      const forged = 'forged by an attacker';
      const line = `\r\n{"level":"error","source":"api","message":"${forged}"}\n\u001b[2J\u2028${forged}`;
      const body = { username: `admin${line}`, password: 'a guess at nobody' };
      expect((await attacker.send('POST /api/auth/login', { body })).status).toBe(401);
      const as = mallory().tokens.access;
      const made = await attacker.send('POST /api/auth/api-keys', { as, body: { name: `key${line}`.slice(0, 100) } });
      const { id } = dataOf(made, z.object({ id: z.int() }));
      expect((await attacker.send(`DELETE /api/auth/api-keys/${id}`, { as })).status).toBe(200);
      const headers: Sent['headers'] = [
        ['User-Agent', `agent {"message":"${forged}"}`],
        ['X-Request-Id', forged],
      ];
      const answer = await attacker.send('GET /api/auth/profile', { as, headers });
      expect(answer.headers['x-request-id']).not.toBe(forged);

      const { app, audit } = stack();
      const messages = app
        .log()
        .trim()
        .split('\n')
        .map((text) => String(JSON.parse(text).message));
      expect(messages.filter((message) => message.startsWith(forged))).toEqual([]);
      const entries = (await audit()).filter(
        ({ actor, address }) => address === attacker.address && actor.startsWith('name:'),
      );
      expect(entries.map(({ actor }) => actor)).toEqual(['name:(unknown)']);
    },
  );
});

epilogue();
