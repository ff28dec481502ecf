/**
 * The authorization walk: every HTTP operation and every action on a worker's socket, with every kind of credential. What
 * is expected follows from the table of access and from what the credential stands for, not from the code that decides.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Access, OPERATION_ACCESS, SOCKET_ACCESS } from '../../lib/contracts/authorization.ts';
import { type WorkerFrame, workerFrame } from '../../lib/contracts/frames.ts';
import type { Operation } from '../../lib/contracts/http/operation.ts';
import { type OperationId, operations } from '../../lib/contracts/http/operations.ts';
import { ROLE_SCOPES, type Scope } from '../../lib/domain/identity/access.ts';
import { createHttpHandler } from '../../lib/platform/http/http-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { call, type HttpRequest } from '../support/http-event.ts';
import { connectEvent, frameEvent } from '../support/lambda-events.ts';
import { bearer, createTestAdmission } from '../support/test-admission.ts';
import { type Cast, WALK_CREDENTIALS, type WalkCredential } from '../support/walk-credentials.ts';
import { WALK_REQUESTS, type WalkRequest } from '../support/walk-requests.ts';
import { createWalkWorld, type WalkWorld } from '../support/walk-world.ts';

const CONTRACTS = join(import.meta.dirname, '../../lib/contracts/http');
/** What makes an export of a file of contracts an operation. */
const contractSchema = z.object({ id: z.string(), method: z.string(), path: z.string(), answers: z.object({}) });

const OPERATIONS = Object.values(operations) as readonly (Operation & { readonly id: OperationId })[];

type Stage = { readonly world: WalkWorld; readonly cast: Cast };
const setUp = async (): Promise<Stage> => {
  const world = await createWalkWorld();
  const cast = {
    alice: await world.addUser('alice', 'user'),
    bob: await world.addUser('bob', 'user'),
    root: await world.addUser('root', 'admin'),
  };
  return { world, cast };
};

/** What else it takes: nobody gives what they do not hold, and a new user holds these. */
const GIVES: Partial<Record<OperationId, readonly Scope[]>> = { createUser: ROLE_SCOPES.user };

/** What is of a pool (here `default`), and how a key of none, or of another, is answered. */
const OF_A_POOL: Partial<Record<OperationId, 403 | 404>> = {
  // Which runs other pools have is not told.
  downloadPayload: 404,
  storeOutput: 404,
  pollWorker: 403,
  heartbeatWorker: 403,
  pingWorker: 403,
  pingWorkerByPut: 403,
};
/** Those who manage workers may say of each that it lives. */
const OR_MANAGES: ReadonlySet<OperationId> = new Set(['heartbeatWorker', 'pingWorker', 'pingWorkerByPut']);

/** `api-keys` are people's: the token of another issuer stands for no account here. */
const NO_ACCOUNT: Partial<Record<OperationId, 400 | 404>> = { createApiKey: 400, revokeApiKey: 404, rollApiKey: 404 };

type Promised =
  /** The access table refuses: nothing is asked of a use case. */
  | { readonly kind: 'turned away'; readonly status: 401 | 403 }
  | { readonly kind: 'let in'; readonly status: 'success' | 400 | 403 | 404 };

/** What the table promises for a credential. */
const promisedFor = (id: OperationId, is: WalkCredential['is']): Promised => {
  const access: Access = OPERATION_ACCESS[id];
  if (access.kind === 'public') {
    return { kind: 'let in', status: 'success' };
  }
  if (is === undefined) {
    return { kind: 'turned away', status: 401 };
  }
  const allowed = {
    scope: () => access.kind === 'scope' && is.scopes.includes(access.scope),
    scope_or_self: () => access.kind === 'scope_or_self' && (is.scopes.includes(access.scope) || is.person === 'alice'),
    self: () => is.person === 'alice' && is.isLogin === true,
    user: () => is.person !== undefined,
    login: () => is.isLogin === true,
  }[access.kind]();
  if (!allowed) {
    return { kind: 'turned away', status: 403 };
  }
  const { pools = [] } = is;
  const servesIt = pools.includes('*') || pools.includes('default');
  const manages = OR_MANAGES.has(id) && is.scopes.includes('workers:write');
  const foreign = servesIt || manages ? undefined : OF_A_POOL[id];
  const given = (GIVES[id] ?? []).every((scope) => is.scopes.includes(scope)) ? undefined : 403;
  const noAccount = is.person === undefined ? NO_ACCOUNT[id] : undefined;
  return { kind: 'let in', status: foreign ?? given ?? noAccount ?? 'success' };
};

const lineOf = ({ method, path }: Operation, { at = {}, query }: WalkRequest): string => {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => at[name] ?? '1');
  return `${method} ${filled}${query === undefined ? '' : `?${query}`}`;
};

/** One for each credential: who is turned away leaves nothing behind but an entry, so all operations can share it. */
const closedDoors = new Map<string, Promise<Stage & { readonly credential: string | undefined }>>();
const closedDoorFor = ({ name, make }: WalkCredential) => {
  const made =
    closedDoors.get(name) ??
    setUp().then(async ({ world, cast }) => ({ world, cast, credential: await make(world, cast) }));
  closedDoors.set(name, made);
  return made;
};

const asking = (credential: string | undefined): HttpRequest => (credential === undefined ? {} : bearer(credential));

const expectEntry = async (world: WalkWorld, id: OperationId): Promise<void> => {
  const [newest] = await world.audited();
  expect(newest).toMatchObject({ action: 'access.refused', entity: `operation:${id}` });
};

describe('every HTTP operation has a row in the table of access, and only those', () => {
  it('by name', () => {
    expect(new Set(Object.keys(OPERATION_ACCESS))).toEqual(new Set(OPERATIONS.map(({ id }) => id)));
  });

  it('and every contract that there is, is among them', async () => {
    const files = await readdir(CONTRACTS, { recursive: true });
    const modules = files.filter((file) => file.endsWith('.ts')).map((file) => import(join(CONTRACTS, file)));
    const contracts = (await Promise.all(modules)).flatMap((module: object) =>
      Object.values(module).flatMap((value: unknown) => contractSchema.safeParse(value).data ?? []),
    );
    expect(new Set(contracts.map(({ id }) => id))).toEqual(new Set(Object.keys(OPERATION_ACCESS)));
  });

  it('reading takes a scope to read, anything else one to write: those that do not are few, and named here', () => {
    const others = OPERATIONS.filter(({ id, method }) => {
      const access = OPERATION_ACCESS[id];
      return access.kind === 'scope' && !access.scope.endsWith(method === 'GET' ? ':read' : ':write');
    });
    const ofWorkers = [
      ...['downloadPayload', 'storeOutput', 'getTaskSocket'],
      ...['heartbeatWorker', 'pollWorker', 'pingWorker'],
    ];
    const ofUsers = ['listUsers', 'createUser', 'updateUser', 'deleteUser', 'listApiKeys'];
    // Questions by POST; and locks, whose document has GET for everything.
    const byMethod = ['validateExpression', 'rehearseFlow', 'acquireLock', 'releaseLock', 'refreshLock'];
    expect(new Set(others.map(({ id }) => id))).toEqual(
      new Set([...ofWorkers, 'pingWorkerByPut', ...ofUsers, ...byMethod]),
    );
  });

  it('and of what is public, nothing is anybody’s', () => {
    const open = OPERATIONS.filter(({ id }) => OPERATION_ACCESS[id].kind === 'public').map(({ id }) => id);
    const health = ['health', 'systemHealth', 'healthOfServices', 'getMetrics'];
    expect(new Set(open)).toEqual(new Set(['root', ...health, 'getJwks', 'login', 'refreshTokens']));
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
    async (_name, walked) => {
      const promised = promisedFor(id, walked.is);
      if (promised.kind === 'turned away') {
        const { world, cast, credential } = await closedDoorFor(walked);
        // Of refusals, a hundred a minute are recorded.
        world.pass(1_000);
        const used = world.used();
        const body = Object.values(operation.body?.examples ?? {})[0] as object | undefined;
        const at = operation.path.startsWith('/api/users/') ? { id: cast.alice.id } : {};
        const request = { ...asking(credential), ...(body && { body }) };
        const answer = await world.send(lineOf(operation, { at }), request);
        expect(answer.status, answer.text).toBe(promised.status);
        expect(world.used()).toBe(used);
        if (credential !== undefined) {
          await expectEntry(world, id);
        }
        return;
      }
      const { world, cast } = await setUp();
      const credential = await walked.make(world, cast);
      const request = await WALK_REQUESTS[id](world, cast, walked.is?.person);
      const { body } = request;
      const answer = await world.send(lineOf(operation, request), { ...asking(credential), ...(body && { body }) });
      if (promised.status === 'success') {
        expect(Object.keys(operation.answers).map(Number), answer.text).toContain(answer.status);
        expect(answer.status).toBeLessThan(300);
      } else {
        expect(answer.status, answer.text).toBe(promised.status);
      }
      if (promised.status === 403) {
        await expectEntry(world, id);
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
    log: { type: 'log', session, ...run, from: 0, text: 'a line' },
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
