/** Contracts, handlers and routes agree, and answers are what their contracts say. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { OPERATION_ACCESS } from '../../lib/contracts/authorization.ts';
import { errorFormOf } from '../../lib/contracts/http/errors.ts';
import { isOpenable, type Operation } from '../../lib/contracts/http/operation.ts';
import {
  apiOperations,
  identityOperations,
  type KnownOperation,
  operations,
} from '../../lib/contracts/http/operations.ts';
import { createHandlers } from '../../lib/platform/http/api-handler.ts';
import { aRun, createFakeEngine, NOW } from '../support/fake-engine.ts';
import type { Answered } from '../support/http-event.ts';
import { bearer } from '../support/test-admission.ts';
import { createTestApi } from '../support/test-api.ts';
import { ADMIN, createCWorld } from './c-world.ts';

const all: readonly KnownOperation[] = Object.values(operations);

describe('operations', () => {
  it('of the API function have exactly one handler each, and no handler has none', () => {
    const handlers = createHandlers({
      engine: createFakeEngine(),
      record: async () => undefined,
      webSocketUrl: 'wss://ws.example.com/test',
      now: () => NOW,
      pause: async () => undefined,
    });
    expect(new Set(Object.keys(handlers))).toEqual(new Set(Object.keys(apiOperations)));
  });

  it('are served by one function each', () => {
    expect([...Object.keys(apiOperations), ...Object.keys(identityOperations)]).toEqual(Object.keys(operations));
  });

  it('have exactly one row each in the access table', () => {
    expect(new Set(Object.keys(OPERATION_ACCESS))).toEqual(new Set(Object.keys(operations)));
  });

  it('let nobody but those in whose groups a stage may open be called by anonymous', () => {
    const open = all.filter(({ group }) => isOpenable(group));
    expect(open.map(({ path }) => path).filter((path) => !path.startsWith('/api/v1/'))).toEqual([]);
    expect(open.filter(({ id }) => OPERATION_ACCESS[id].kind !== 'scope')).toEqual([]);
  });

  it('are known by their own id', () => {
    expect(all.map(({ id }) => id)).toEqual(Object.keys(operations));
  });

  it('have a route of their own, without a trailing slash', () => {
    const routes = all.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`);
    expect(new Set(routes).size).toBe(routes.length);
    expect(all.filter(({ path }) => !/^\/$|^(\/(:[a-z]+|[a-z0-9.-]+))+$/.test(path))).toEqual([]);
  });

  it.each(all.map((operation) => [operation.id, operation] as const))(
    '%s checks every parameter of its path',
    (_id, { path, params }) => {
      const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
      expect(Object.keys(params?.shape ?? {})).toEqual(named);
    },
  );

  it.each(all.map((operation) => [operation.id, operation] as const))(
    '%s has examples that it would give or take',
    (_id, operation) => {
      for (const { schema, examples = {} } of Object.values(operation.answers)) {
        expect(Object.keys(examples).length > 0).toBe(schema !== undefined);
        for (const example of Object.values(examples)) {
          expect(() => schema?.parse(example)).not.toThrow();
        }
      }
      for (const example of Object.values(operation.body?.examples ?? {})) {
        expect(() => operation.body?.schema.parse(example)).not.toThrow();
      }
    },
  );
});

describe('the answers of the function', () => {
  const body = { execute_at: '2030-06-01T00:00:00Z', task_type: 'send_email', payload: {} };

  it.each([
    ['createTask', 'POST /api/v1/tasks', { body }],
    ['getTask', 'GET /api/v1/tasks/1', {}],
    ['listTasks', 'GET /api/v1/tasks', {}],
    ['cancelTask', 'DELETE /api/v1/tasks/1', {}],
    ['health', 'GET /health', {}],
    ['downloadPayload', 'GET /api/runs/1/payload', bearer('worker-key')],
  ] as const)('of %s are what its contract says', async (id, request, options) => {
    const api = createTestApi();
    api.engine.runs.set('1', aRun({ status: 'running', attempt: 1, progress: { percent: 50 } }));
    const answer = await api.send(request, options);
    const contract: Operation = operations[id];
    const schema = contract.answers[answer.status ?? 0]?.schema;
    expect(schema, `${answer.status}`).toBeDefined();
    expect(schema?.safeParse(answer.json()).error).toBeUndefined();
  });

  const user = { username: 'new', email: 'new@example.com', password: 'password123', role: 'user' };
  const key = { name: 'ci', role: 'user' };

  it('of the identity function are what their contracts say', async () => {
    const world = createCWorld();
    const login = await world.send('POST /api/auth/login', {
      body: { username: ADMIN.username, password: ADMIN.password },
    });
    const { access_token: access, refresh_token } = login.body.data as {
      readonly access_token: string;
      readonly refresh_token: string;
    };
    const as = (request: string, body?: object) => world.as(access, request, body === undefined ? {} : { body });
    const made = await as('POST /api/users', user);
    const { id } = made.body.data as { id: number };
    const madeKey = await as('POST /api/auth/api-keys', key);
    const { id: keyId } = madeKey.body.data as { id: number };
    const own = `/api/users/${(login.body.data as { user: { id: number } }).user.id}`;
    const answers: Readonly<Record<keyof typeof identityOperations, Answered>> = {
      login,
      getProfile: await as('GET /api/auth/profile'),
      listUsers: await as('GET /api/users'),
      getUser: await as(`GET /api/users/${id}`),
      createUser: made,
      updateUser: await as(`PUT /api/users/${id}`, { status: 0 }),
      deleteUser: await as(`DELETE /api/users/${id}`),
      createApiKey: madeKey,
      listApiKeys: await as('GET /api/auth/api-keys'),
      rollApiKey: await as(`POST /api/auth/api-keys/${keyId}/roll`, {}),
      revokeApiKey: await as(`DELETE /api/auth/api-keys/${keyId}`),
      listAudit: await as('GET /api/audit'),
      getJwks: await world.send('GET /.well-known/jwks.json'),
      refreshTokens: await world.send('POST /api/auth/refresh', { body: { refresh_token } }),
      logout: await as('POST /api/auth/logout'),
      changePassword: await world.as(await world.loginAdmin(), `PUT ${own}/password`, {
        body: { old_password: ADMIN.password, new_password: 'another password' },
      }),
    };
    for (const [id, answer] of Object.entries(answers)) {
      const contract: Operation = identityOperations[id as keyof typeof answers];
      const schema = contract.answers[answer.status ?? 0]?.schema;
      expect(schema, `${id} ${answer.status} ${answer.text}`).toBeDefined();
      expect(schema?.safeParse(answer.json()).error, id).toBeUndefined();
    }
  });

  it.each([
    ['GET /api/v1/tasks/x', 400],
    ['GET /api/v1/nothing', 404],
    ['GET /api/v1/flows/nothing', 404],
    ['PUT /health', 405],
    ['GET /api/nothing', 404],
    ['GET /.well-known/nothing', 404],
  ])('are errors in the documented form: %s', async (request, status) => {
    const path = request.split(' ')[1] ?? '';
    for (const { send } of [createTestApi(), createCWorld()]) {
      const answer = await send(request);
      expect([status, 404]).toContain(answer.status);
      expect(z.strictObject(errorFormOf(path).schema.shape).safeParse(answer.json()).error).toBeUndefined();
    }
  });
});
