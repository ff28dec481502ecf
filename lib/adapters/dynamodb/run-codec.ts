/**
 * A run as an item. Defaults are left out and the session is two short attributes: a plain run, finished, stays below
 * 1 KB, which is what one write unit buys.
 */
import type { Run, RunStatus } from '../../domain/run.ts';
import type { SessionRef } from '../../domain/session.ts';
import type { Item } from './conditional.ts';
import { type Key, runIdOf, runKey } from './keys.ts';

/** Fields stored under their own name and value. */
type Plain = Omit<Run, 'id' | 'session' | 'fence' | 'tries' | 'history' | 'expiresAt'>;

/** The sparse status index holds what is scheduled or has failed: the finished majority would only cost writes. */
export const listedStatus = (status: RunStatus): 'scheduled' | 'failed' | undefined => {
  switch (status) {
    case 'scheduled':
      return 'scheduled';
    case 'failed':
    case 'timed_out':
      return 'failed';
    default:
      return undefined;
  }
};

/** The attributes that stand for a field; `undefined` where the default needs none. */
export const encodeField = (field: keyof Run, value: unknown): Item => {
  switch (field) {
    case 'id':
      return {};
    case 'session': {
      const { id, shard } = value as SessionRef;
      return { session: id, sessionShard: shard };
    }
    case 'fence':
    case 'tries':
      return { [field]: value === 0 ? undefined : value };
    case 'history':
      return { history: (value as Run['history']).length === 0 ? undefined : value };
    case 'expiresAt':
      return { ttl: Math.ceil((value as number) / 1_000) };
    case 'status':
      return { status: value, listedStatus: listedStatus(value as RunStatus) };
    default:
      return { [field]: value };
  }
};

/** The attributes that a cleared field leaves behind. */
export const attributesOf = (field: keyof Run): readonly string[] => {
  switch (field) {
    case 'session':
      return ['session', 'sessionShard'];
    case 'expiresAt':
      return ['ttl'];
    default:
      return [field];
  }
};

export const encodeFields = (fields: Partial<Run>): Item =>
  Object.assign({}, ...Object.entries(fields).map(([field, value]) => encodeField(field as keyof Run, value)));

export const encodeRun = (run: Run): Key & Item => ({ ...encodeFields(run), ...runKey(run.id) });

/** Rows that are no run yet: an alarm's void mark, or nothing at all. */
export const decodeRun = (item: Item | undefined): Run | undefined => {
  if (item === undefined || item.status === undefined || item.status === 'void') {
    return undefined;
  }
  const {
    pk: _pk,
    sk,
    op: _op,
    born: _born,
    listedStatus: _listed,
    session,
    sessionShard,
    ttl,
    fence,
    tries,
    history,
    ...plain
  } = item;
  return {
    ...(plain as Plain),
    id: runIdOf(String(sk)),
    fence: (fence as number | undefined) ?? 0,
    tries: (tries as number | undefined) ?? 0,
    history: (history as Run['history'] | undefined) ?? [],
    ...(session === undefined
      ? {}
      : { session: { pool: String(plain.pool), shard: Number(sessionShard), id: String(session) } }),
    ...(ttl === undefined ? {} : { expiresAt: Number(ttl) * 1_000 }),
  };
};
