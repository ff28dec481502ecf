/**
 * A run as an item. Defaults are left out and the session is two short attributes: a plain run, finished, stays below
 * 1 KB, which is what one write unit buys.
 *
 * Some attributes are there for the indexes: `origin`, by which runs are listed (a plain run's handler, a job's run's job),
 * `listedStatus`, and `queue`, in which they wait. The run of a step is in no list: it has the last alone. What these or the
 * key say is not stored again: the id, the job, and the handler of a run that needs nothing.
 */
import { queueOf } from '../../domain/fleet/needs.ts';
import { parseJobRunId, runFamily, runIdOfOrder } from '../../domain/ids.ts';
import type { Run, RunStatus } from '../../domain/run.ts';
import type { SessionRef } from '../../domain/session.ts';
import type { Item } from './conditional.ts';
import { type Key, runKey } from './keys.ts';
import { isVoid } from './void-mark.ts';

/** Fields stored under their own name and value. */
type Plain = Omit<Run, 'id' | 'job' | 'handler' | 'session' | 'fence' | 'tries' | 'history' | 'expiresAt'>;

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
    case 'job':
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

/** @param id of the run: whether it is in lists */
export const encodeFields = (id: string, fields: Partial<Run>): Item => {
  const encoded = Object.entries(fields).map(([field, value]) => encodeField(field as keyof Run, value));
  const item: Item = Object.assign({}, ...encoded);
  if (runFamily(id) !== 'step') {
    return item;
  }
  const { listedStatus: _unlisted, ...unlisted } = item;
  return unlisted;
};

export const encodeRun = (run: Run): Key & Item => {
  const { handler, ...fields } = run;
  const queue = queueOf(run);
  return {
    ...encodeFields(run.id, fields),
    ...(queue === handler ? {} : { handler }),
    queue,
    ...(runFamily(run.id) === 'step' ? {} : { origin: run.job ?? handler }),
    ...runKey(run.id),
  };
};

/** Rows that are no run yet: an alarm's void mark, or nothing at all. */
export const decodeRun = (item: Item | undefined): Run | undefined => {
  if (item === undefined || isVoid(item.status)) {
    return undefined;
  }
  const {
    pk: _pk,
    sk,
    op: _op,
    born: _born,
    listedStatus: _listed,
    origin: _origin,
    queue,
    handler = queue,
    session,
    sessionShard,
    ttl,
    fence,
    tries,
    history,
    ...plain
  } = item;
  const id = runIdOfOrder(String(sk));
  const job = parseJobRunId(id)?.job;
  return {
    ...(plain as Plain),
    id,
    handler: String(handler),
    ...(job === undefined ? {} : { job }),
    fence: (fence as number | undefined) ?? 0,
    tries: (tries as number | undefined) ?? 0,
    history: (history as Run['history'] | undefined) ?? [],
    ...(session === undefined
      ? {}
      : { session: { pool: String(plain.pool), shard: Number(sessionShard), id: String(session) } }),
    ...(ttl === undefined ? {} : { expiresAt: Number(ttl) * 1_000 }),
  };
};
