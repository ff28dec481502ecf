/**
 * Who may call what: one row for each HTTP operation and each action on a worker's socket. A contract without a row does
 * not compile, and the authorization walk (test/promises) plays every row with every kind of credential.
 */
import type { Scope } from '../domain/identity/access.ts';
import type { WorkerFrame } from './frames.ts';
import type { OperationId } from './http/operations.ts';

export type Access =
  /** Nobody is asked. */
  | { readonly kind: 'public' }
  | { readonly kind: 'scope'; readonly scope: Scope }
  /** The scope, or being the user that the path parameter `id` names. */
  | { readonly kind: 'scope_or_self'; readonly scope: Scope }
  /** Being that user, logged in: no scope and no key stands in for it. */
  | { readonly kind: 'self' }
  /** Any user: logged in, or by a key that acts for one. */
  | { readonly kind: 'user' }
  /** A login itself: keys and other issuers' tokens have none. */
  | { readonly kind: 'login' };

const scope = (name: Scope): Access => ({ kind: 'scope', scope: name });
const PUBLIC: Access = { kind: 'public' };

export const OPERATION_ACCESS: Readonly<Record<OperationId, Access>> = {
  health: PUBLIC,
  getJwks: PUBLIC,
  login: PUBLIC,
  refreshTokens: PUBLIC,
  getProfile: { kind: 'user' },
  logout: { kind: 'login' },
  listUsers: scope('users:admin'),
  getUser: { kind: 'scope_or_self', scope: 'users:admin' },
  createUser: scope('users:admin'),
  updateUser: scope('users:admin'),
  deleteUser: scope('users:admin'),
  changePassword: { kind: 'self' },
  createApiKey: scope('keys:write'),
  listApiKeys: scope('keys:write'),
  revokeApiKey: scope('keys:write'),
  rollApiKey: scope('keys:write'),
  listAudit: scope('audit:read'),
  createTask: scope('runs:write'),
  getTask: scope('runs:read'),
  cancelTask: scope('runs:write'),
  listTasks: scope('runs:read'),
  downloadPayload: scope('workers:connect'),
};

/** `$connect` and every frame; the frame's pool must be one of the key's. */
export const SOCKET_ACCESS: Readonly<Record<'connect' | WorkerFrame['type'], Scope>> = {
  connect: 'workers:connect',
  hello: 'workers:connect',
  resume: 'workers:connect',
  heartbeat: 'workers:connect',
  started: 'workers:connect',
  progress: 'workers:connect',
  result: 'workers:connect',
  goodbye: 'workers:connect',
};
