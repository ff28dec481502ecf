/** Logs in as the admin, over HTTP like anybody, and makes the API keys that a local stack hands out. */
import * as z from 'zod';
import type { Admin } from './admin.ts';
import { PreflightError } from './preflight.ts';

export type LocalKeys = {
  /** May do everything. */
  readonly adminKey: string;
  /** May connect as a worker of every pool. */
  readonly workerKey: string;
  /** Takes both back, for tables that outlive the stack. */
  readonly revoke: () => Promise<void>;
};

/** A login takes two bcrypt computations of some 0.3 s, on a busy machine several times as long. */
const ANSWER_WITHIN_MS = 30_000;

const loginAnswer = z.object({ data: z.object({ access_token: z.string() }) });
const keyAnswer = z.object({ data: z.object({ id: z.int(), key: z.string() }) });
const refusalAnswer = z.object({ message: z.string() });

type Request = {
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly credential?: string;
  readonly body?: unknown;
};
type Answer = { readonly status: number; readonly body: unknown; readonly retryAfter: string | null };

const saidIn = ({ status, body }: Answer): string => {
  const parsed = refusalAnswer.safeParse(body);
  return `HTTP ${status}${parsed.success ? ` ${parsed.data.message}` : ''}`;
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export const makeLocalKeys = async (url: string, { username, password }: Admin): Promise<LocalKeys> => {
  const send = async ({ method, path, credential, body }: Request): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const text = await response.text();
    return { status: response.status, body: jsonOf(text), retryAfter: response.headers.get('retry-after') };
  };

  const login = async (): Promise<string> => {
    const answer = await send({ method: 'POST', path: '/api/auth/login', body: { username, password } });
    const parsed = loginAnswer.safeParse(answer.body);
    if (answer.status === 200 && parsed.success) {
      return parsed.data.data.access_token;
    }
    if (answer.status === 401) {
      throw new PreflightError(
        `These tables have another admin than "${username}", or another password: set CRONSAGA_ADMIN_USERNAME and ` +
          'CRONSAGA_ADMIN_PASSWORD to those of an admin that is there, or start with empty tables',
      );
    }
    if (answer.status === 429) {
      throw new PreflightError(
        `Too many logins with a wrong password have failed: try again in ${answer.retryAfter ?? '900'} s, ` +
          'with the right CRONSAGA_ADMIN_USERNAME and CRONSAGA_ADMIN_PASSWORD',
      );
    }
    throw new Error(`The admin could not log in: ${saidIn(answer)}`);
  };

  const token = await login();
  const make = async (key: { readonly name: string; readonly role: string; readonly pools?: readonly string[] }) => {
    const answer = await send({ method: 'POST', path: '/api/auth/api-keys', credential: token, body: key });
    const parsed = keyAnswer.safeParse(answer.body);
    if (answer.status !== 201 || !parsed.success) {
      throw new PreflightError(`"${username}" could not make the API key "${key.name}": ${saidIn(answer)}`);
    }
    return parsed.data.data;
  };
  const admin = await make({ name: 'local admin', role: 'admin' });
  const worker = await make({ name: 'local worker', role: 'worker', pools: ['*'] });
  return {
    adminKey: admin.key,
    workerKey: worker.key,
    revoke: async () => {
      // The admin's last: it is what takes the other back.
      for (const { id } of [worker, admin]) {
        await send({ method: 'DELETE', path: `/api/auth/api-keys/${id}`, credential: admin.key });
      }
    },
  };
};
