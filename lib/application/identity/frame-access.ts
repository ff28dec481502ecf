/**
 * Who may say what on a worker's socket (rules X2 and X3). API Gateway asks for a key once, when the socket opens, and a
 * socket lives for two hours: so what the connection was let in with is looked at for every frame, and the key itself anew
 * with each sign of life, and when the last look at it is older than that.
 */
import { SOCKET_ACCESS } from '../../contracts/authorization.ts';
import type { WorkerFrame } from '../../contracts/frames.ts';
import { type Scope, servesPool } from '../../domain/identity/access.ts';
import { effectiveScopes, isExpired, takenHashes } from '../../domain/identity/api-key.ts';
import { isActive } from '../../domain/identity/user.ts';
import { HEARTBEAT_MS } from '../../domain/timing.ts';
import type { Inbound } from '../api.ts';
import type { AuditStore, CredentialStore } from '../ports/identity.ts';
import type { ConnectionGrant, ConnectionStore } from '../ports/index.ts';
import type { Authentication, Origin } from './api.ts';

export type FrameVerdict =
  | { readonly kind: 'granted' }
  /** `why`: what happened and what to change, for the worker's log. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The key is worth nothing any more: the session is to end, and the socket. */
  | { readonly kind: 'expelled' };

export type FrameAccess = (inbound: Inbound, from: Origin) => Promise<FrameVerdict>;

/** Signs of life: with each of these the key is read anew, so none keeps a session for longer than a heartbeat (15 s). */
const SIGNS_OF_LIFE: ReadonlySet<WorkerFrame['type']> = new Set(['hello', 'resume', 'heartbeat']);

/** A worker that gives no sign of life, and goes on reporting results, gets no longer than one that does. */
const LOOK_LASTS_MS = HEARTBEAT_MS;

/** Connections that an instance remembers, at some 500 bytes each. One that is forgotten is read again. */
const MAX_HELD = 10_000;

type Held = {
  readonly grant: ConnectionGrant;
  /** When this instance last found the key good. */
  readAt: number;
  expelled: boolean;
};
type Asked = { readonly pool: string; readonly scope: Scope; readonly now: number };

const covers = ({ scopes, pools }: Pick<ConnectionGrant, 'scopes' | 'pools'>, { scope, pool }: Asked): boolean =>
  scopes.includes(scope) && servesPool(pools, pool);

/** Why the key no longer lets the connection be what it was let in as; undefined when it does. */
const whyOver = (
  grant: ConnectionGrant,
  { owner, key }: Awaited<ReturnType<CredentialStore['key']>>,
  asked: Asked,
): string | undefined => {
  if (key === undefined) {
    return 'the key was revoked';
  }
  if (owner === undefined || !isActive(owner)) {
    return 'the owner of the key is not active';
  }
  if (isExpired(key, asked.now)) {
    return 'the key has expired';
  }
  if (!takenHashes(key, asked.now).includes(grant.hash)) {
    return 'the key was rolled, and the old text is taken no more';
  }
  return covers({ scopes: effectiveScopes(key, owner), pools: key.pools }, asked)
    ? undefined
    : 'the key may not connect workers to this pool any more';
};

export const createFrameAccess = (ports: {
  readonly connections: Pick<ConnectionStore, 'grantOf'>;
  readonly credentials: Pick<CredentialStore, 'key'>;
  readonly audit: Pick<AuditStore, 'append'>;
  readonly authentication: Pick<Authentication, 'recordRefusal'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}): FrameAccess => {
  const { connections, credentials, audit, authentication, now } = ports;
  /** By connection. A grant never changes, so it is read once. */
  const held = new Map<string, Held>();

  const find = async (conn: string): Promise<Held | undefined> => {
    const known = held.get(conn);
    if (known !== undefined) {
      return known;
    }
    const grant = await connections.grantOf(conn);
    if (grant === undefined) {
      return undefined;
    }
    const [oldest] = held.keys();
    if (held.size >= MAX_HELD && oldest !== undefined) {
      held.delete(oldest);
    }
    const found = { grant, readAt: Number.NEGATIVE_INFINITY, expelled: false };
    held.set(conn, found);
    return found;
  };

  const refuse = async (
    { frame }: Inbound,
    from: Origin,
    { actor, reason, why }: { readonly actor: string; readonly reason: string; readonly why: string },
  ): Promise<FrameVerdict> => {
    await authentication.recordRefusal({
      action: 'worker.refused',
      actor,
      entity: `pool:${frame.pool}`,
      reason,
      from,
    });
    return { kind: 'refused', why };
  };

  return async (inbound, from) => {
    const { conn, frame } = inbound;
    const asked = { pool: frame.pool, scope: SOCKET_ACCESS[frame.type], now: now() };
    const found = await find(conn);
    if (found === undefined) {
      const reason = 'a frame on a connection that was not let in';
      return refuse(inbound, from, {
        actor: 'anonymous',
        reason,
        why: 'This connection is not known: open another one',
      });
    }
    const { grant } = found;
    const actor = `key:${grant.key}`;
    if (!covers(grant, asked)) {
      const reason = 'a frame for a pool that the key does not serve';
      const why = `The key of this connection does not serve the pool "${frame.pool}": connect with one that does`;
      return refuse(inbound, from, { actor, reason, why });
    }
    if (!SIGNS_OF_LIFE.has(frame.type) && asked.now < found.readAt + LOOK_LASTS_MS) {
      return { kind: 'granted' };
    }
    const why = whyOver(grant, await credentials.key(grant.owner, grant.key), asked);
    if (why === undefined) {
      found.readAt = asked.now;
      return { kind: 'granted' };
    }
    // Recorded before it is done, so that it is not done unrecorded; and once, though a worker may go on saying so.
    if (!found.expelled) {
      const entity = `session:${frame.session}`;
      await audit.append({ at: asked.now, actor, action: 'worker.expelled', entity, ...from, detail: why });
      found.expelled = true;
    }
    return { kind: 'expelled' };
  };
};
