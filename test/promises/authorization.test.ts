/**
 * The authorization walk: every HTTP operation and every action on a worker's socket, with every kind of credential. What
 * is expected follows from the table of access and from what the credential stands for, not from the code that decides.
 */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Access, OPERATION_ACCESS, SOCKET_ACCESS } from '../../lib/contracts/authorization.ts';
import { type WorkerFrame, workerFrame } from '../../lib/contracts/frames.ts';
import type { Operation } from '../../lib/contracts/http/operation.ts';
import { type OperationId, operations } from '../../lib/contracts/http/operations.ts';
import { ROLE_SCOPES, type Scope } from '../../lib/domain/identity/access.ts';
import { createHttpHandler } from '../../lib/platform/http/http-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { aRun } from '../support/fake-engine.ts';
import { call, type HttpRequest } from '../support/http-event.ts';
import { connectEvent, frameEvent } from '../support/lambda-events.ts';
import { bearer, createTestAdmission } from '../support/test-admission.ts';
import { type Cast, WALK_CREDENTIALS, type WalkCredential } from '../support/walk-credentials.ts';
import { createWalkWorld, PASSWORD, type WalkWorld } from '../support/walk-world.ts';

const OPERATIONS = Object.values(operations) as readonly (Operation & { readonly id: OperationId })[];

const setUp = async (): Promise<{ readonly world: WalkWorld; readonly cast: Cast }> => {
  const world = await createWalkWorld();
  world.runs.set('1', aRun({ id: '1' }));
  const cast = {
    alice: await world.addUser('alice', 'user'),
    bob: await world.addUser('bob', 'user'),
    root: await world.addUser('root', 'admin'),
  };
  return { world, cast };
};

/** What an operation takes where its first example would not do: so that an allowed call is not refused for its input. */
const BODIES: Partial<Record<OperationId, (world: WalkWorld) => Promise<object>>> = {
  login: async () => ({ username: 'alice', password: PASSWORD }),
  refreshTokens: async (world) => ({ refresh_token: (await world.login('alice')).refresh }),
  changePassword: async () => ({ old_password: PASSWORD, new_password: 'another password' }),
  createApiKey: async () => ({ name: 'walk', scopes: ['keys:write'] }),
  createTask: async () => ({ execute_at: '2031-01-01T00:00:00Z', task_type: 'send_email', payload: {} }),
};

const bodyOf = async (operation: Operation & { readonly id: OperationId }, world: WalkWorld): Promise<HttpRequest> => {
  if (operation.body === undefined) {
    return {};
  }
  const body = (await BODIES[operation.id]?.(world)) ?? Object.values(operation.body.examples)[0];
  return { body: body as object };
};

const pathOf = ({ path }: Operation, { alice }: Cast): string =>
  path.replace(':id', path.startsWith('/api/users/') ? alice.id : '1');

/** What else it takes: nobody gives what they do not hold, and a new user holds these. */
const GIVES: Partial<Record<OperationId, readonly Scope[]>> = { createUser: ROLE_SCOPES.user };

/** What the table promises for a credential. */
const expected = (id: OperationId, is: WalkCredential['is']): 'allowed' | 401 | 403 => {
  const access: Access = OPERATION_ACCESS[id];
  if (access.kind === 'public') {
    return 'allowed';
  }
  if (is === undefined) {
    return 401;
  }
  const allowed = {
    scope: () => access.kind === 'scope' && is.scopes.includes(access.scope),
    scope_or_self: () => access.kind === 'scope_or_self' && (is.scopes.includes(access.scope) || is.person === 'alice'),
    self: () => is.person === 'alice' && is.isLogin === true,
    user: () => is.person !== undefined,
    login: () => is.isLogin === true,
  }[access.kind]();
  const gives = (GIVES[id] ?? []).every((scope) => is.scopes.includes(scope));
  return allowed && gives ? 'allowed' : 403;
};

describe('every HTTP operation has a row in the table of access, and only those', () => {
  it('by name', () => {
    expect(new Set(Object.keys(OPERATION_ACCESS))).toEqual(new Set(OPERATIONS.map(({ id }) => id)));
  });

  it('and one without a row is served to nobody', async () => {
    let served = 0;
    const unlisted: typeof operations.health = Object.assign(
      { ...operations.health },
      JSON.parse('{"id": "unlisted", "path": "/unlisted"}'),
    );
    const handler = createHttpHandler({
      operations: { unlisted },
      handlers: {
        unlisted: () => {
          served += 1;
          return { status: 200 as const, text: 'served', type: 'text/plain' as const };
        },
      },
      admission: createTestAdmission(),
      logger: createLogger({ level: 'error', write: () => undefined }),
      now: () => 0,
    });
    for (const options of [{}, bearer('admin-token'), bearer('admin-key')]) {
      expect((await call(handler, 'GET /unlisted', options)).status).toBe(500);
    }
    expect(served).toBe(0);
  });
});

describe.each(OPERATIONS.map((operation) => [operation.id, operation] as const))('%s', (id, operation) => {
  it.each(WALK_CREDENTIALS.map((credential) => [credential.name, credential] as const))(
    'with %s',
    async (_name, { make, is }) => {
      const { world, cast } = await setUp();
      const credential = await make(world, cast);
      const body = await bodyOf(operation, world);
      const before = (await world.audited()).length;
      const answer = await world.send(`${operation.method} ${pathOf(operation, cast)}`, {
        ...body,
        ...(credential === undefined ? {} : bearer(credential)),
      });
      const promised = expected(id, is);
      if (promised === 'allowed') {
        // It may find nothing (a run in another pool, an API key 1), or have no user to make a key for: but it was let in.
        const answers = is?.person === undefined ? [200, 201, 400, 404] : [200, 201, 404];
        expect(answers, answer.text).toContain(answer.status);
        return;
      }
      expect(answer.status, answer.text).toBe(promised);
      if (credential !== undefined) {
        const entries = (await world.audited()).slice(0, -before || undefined);
        expect(entries.map(({ action, entity }) => [action, entity])).toContainEqual([
          'access.refused',
          `operation:${id}`,
        ]);
      }
    },
  );
});

const FRAMES: { readonly [K in WorkerFrame['type']]: Omit<Extract<WorkerFrame, { type: K }>, 'pool'> } = (() => {
  const session = 'session-1';
  const report = { rep: 1, seen: 0, limit: 1 };
  const run = { run: '1', attempt: 1 };
  return {
    hello: { type: 'hello', session, ...report, name: 'walker', maxTasks: 1, handlers: ['shell'], tags: [], list: [] },
    resume: { type: 'resume', session, ...report, epoch: 2, list: [] },
    heartbeat: { type: 'heartbeat', session, ...report, list: [] },
    started: { type: 'started', session, runs: [{ ...run, startedAt: 1 }] },
    progress: { type: 'progress', session, ...run, percent: 50 },
    result: {
      type: 'result',
      session,
      ...report,
      results: [{ ...run, outcome: 'succeeded', startedAt: 1, durationMs: 1 }],
    },
    goodbye: { type: 'goodbye', session },
  } as const;
})();

describe('every action on a socket has a row in the table of access, and only those', () => {
  it('by name', () => {
    const types = workerFrame.options.map((option) => z.literal(option.shape.type.value).value);
    expect(new Set(Object.keys(SOCKET_ACCESS))).toEqual(new Set(['connect', ...types]));
  });
});

describe('on a worker’s socket', () => {
  it.each(WALK_CREDENTIALS.map((credential) => [credential.name, credential] as const))(
    '%s',
    async (_name, { make, is }) => {
      const { world, cast } = await setUp();
      const credential = await make(world, cast);
      const { scopes = [], pools = [], isKey = false } = is ?? {};
      const mayConnect = isKey && scopes.includes(SOCKET_ACCESS.connect) && pools.length > 0;
      const answer = await world.connect(
        connectEvent('conn-1', credential === undefined ? undefined : `Bearer ${credential}`),
      );
      expect(answer).toMatchObject({ statusCode: mayConnect ? 200 : isKey ? 403 : 401 });

      // Each frame, whether or not the gateway had let the socket in.
      for (const frame of Object.values(FRAMES)) {
        for (const pool of ['default', 'gpu']) {
          const known = world.received.length;
          await world.frame(frameEvent('conn-1', JSON.stringify({ ...frame, pool })));
          const allowed = mayConnect && (pools.includes('*') || pools.includes(pool));
          expect(world.received.length - known, `${frame.type} for pool ${pool}`).toBe(allowed ? 1 : 0);
        }
      }
    },
  );
});
