/** A stack under attack: who lives there, what they have, and what the audit log tells of an attacker. */
import * as z from 'zod';
import { type ChainVerdict, verifyChain } from '../../lib/application/identity/verify-chain.ts';
import { type AuditEntryView, listAudit } from '../../lib/contracts/http/audit.ts';
import type { AuditEntry } from '../../lib/domain/identity/audit.ts';
import { createRequests, dataOf, essenceOf, type Requests } from './attacker-requests.ts';
import { createOpenSocket, type OpenSocket } from './attacker-socket.ts';
import { startTestStack, type TestStack } from './local-stack.ts';

export type Attacker = Requests & { readonly address: string; readonly openSocket: OpenSocket };
export type Tokens = { readonly access: string; readonly refresh: string };
/** Somebody who lives there. */
export type Person = {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly password: string;
};
export type Key = { readonly id: number; readonly prefix: string; readonly key: string };

export type AttackedStack = {
  readonly app: TestStack;
  /** Everybody who is no attacker calls from 127.0.0.1. */
  readonly home: Requests;
  readonly admin: Person;
  /** The admin in person: only so are workers let into pools. */
  readonly adminToken: string;
  readonly at: (address: string) => Attacker;
  readonly addUser: (username: string) => Promise<Person>;
  readonly logIn: (who: Pick<Person, 'username' | 'password'>) => Promise<Tokens>;
  readonly addKey: (as: string, key: object) => Promise<Key>;
  /** All users and their API keys, as the admin sees them. */
  readonly state: () => Promise<unknown>;
  /** Entries since that of number `since`, oldest first. */
  readonly audit: (since?: number) => Promise<readonly AuditEntryView[]>;
  readonly verifyAudit: () => Promise<ChainVerdict>;
  /** Of every password, token and key that was on the wire, what makes it one. */
  readonly secrets: ReadonlySet<string>;
  readonly stop: () => Promise<void>;
};

const PAGE = 100;

const userSchema = z.object({ id: z.int(), username: z.string(), email: z.string() }).loose();
const keySchema = z.object({ id: z.int(), prefix: z.string(), key: z.string() });
const tokensSchema = z
  .object({ access_token: z.string(), refresh_token: z.string() })
  .transform(({ access_token: access, refresh_token: refresh }) => ({ access, refresh }));
export const tokensIn = (answer: Parameters<typeof dataOf>[0]): Tokens => dataOf(answer, tokensSchema);

const toEntry = ({ at, request_id: requestId, detail, ...same }: AuditEntryView): AuditEntry => ({
  ...same,
  at: Date.parse(at),
  requestId,
  ...(detail === '' ? {} : { detail }),
});

export const startAttackedStack = async (engine: 'aws' | 'memory'): Promise<AttackedStack> => {
  const app = await startTestStack({ engine, worker: false });
  const { url, wsUrl, adminKey, workerKey } = app.stack;
  const { username, password = '' } = app.stack.admin;
  const secrets = new Set([essenceOf(adminKey) ?? '', essenceOf(workerKey) ?? '', password]);
  const keep = (secret: string): void => {
    secrets.add(secret);
  };
  const home = createRequests(url, '127.0.0.1', keep);

  const logIn: AttackedStack['logIn'] = async ({ username: name, password: word }) =>
    tokensIn(await home.send('POST /api/auth/login', { body: { username: name, password: word } }));

  const addUser: AttackedStack['addUser'] = async (name) => {
    const person = { username: name, email: `${name}@example.org`, password: `the password of ${name}` };
    const made = await home.send('POST /api/users', { as: adminKey, body: { ...person, role: 'user' } });
    return { ...person, id: String(dataOf(made, userSchema).id) };
  };

  const listUsers = async () => {
    const answer = await home.send(`GET /api/users?page_size=${PAGE}`, { as: adminKey });
    return dataOf(answer, z.object({ list: z.array(userSchema) })).list;
  };

  const newestFirst = async function* (): AsyncGenerator<AuditEntryView> {
    let before: number | undefined;
    do {
      const from = before === undefined ? '' : `&before=${before}`;
      const page = await home.send(`GET /api/audit?page_size=${PAGE}${from}`, { as: adminKey });
      const { list, next_before } = dataOf(page, listAudit.answers[200].schema.shape.data);
      yield* list;
      before = next_before;
    } while (before !== undefined);
  };

  const audit: AttackedStack['audit'] = async (since = 0) => {
    const entries: AuditEntryView[] = [];
    for await (const entry of newestFirst()) {
      if (entry.seq <= since) {
        break;
      }
      entries.unshift(entry);
    }
    return entries;
  };

  const asEntries = async function* (): AsyncGenerator<AuditEntry> {
    for await (const entry of newestFirst()) {
      yield toEntry(entry);
    }
  };

  const adminToken = (await logIn({ username, password })).access;
  const profile = await home.send('GET /api/auth/profile', { as: adminToken });
  const { id, email } = dataOf(profile, userSchema);

  return {
    app,
    home,
    admin: { id: String(id), username, email, password },
    adminToken,
    at: (address) => ({ ...createRequests(url, address, keep), address, openSocket: createOpenSocket(wsUrl, address) }),
    addUser,
    logIn,
    addKey: async (as, body) => dataOf(await home.send('POST /api/auth/api-keys', { as, body }), keySchema),
    state: async () =>
      Promise.all(
        (await listUsers()).map(async (user) => {
          const answer = await home.send(`GET /api/auth/api-keys?user_id=${user.id}`, { as: adminKey });
          return { ...user, keys: dataOf(answer, z.object({ list: z.array(z.unknown()) })).list };
        }),
      ),
    audit,
    verifyAudit: () => verifyChain(asEntries()),
    secrets,
    stop: app.stop,
  };
};
