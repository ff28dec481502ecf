/** How a registered worker stands: what of it is known by its session, else by what it told over HTTP. */
import { available, lossAt, type Session } from '../../domain/session.ts';
import type { WorkerRow } from '../ports/index.ts';
import type { WorkerStatus, WorkerView } from './workers-api.ts';

/** Without a socket, a worker is heard every 30 s; after three of these it is taken for gone. */
const SILENT_AFTER_MS = 90_000;
/** What a worker takes that was never asked: the default of the worker library. */
const USUAL_CAPACITY = 10;

/** The session while it is up and was heard of in time: its runs are with the worker then. */
export const whileLive = (session: Session | undefined, now: number): Session | undefined =>
  session?.st === 'up' && lossAt(session) > now ? session : undefined;

/** What it held at its last heartbeat, and what was pushed to it since its last report. */
const heldBy = (session: Session): number => session.list.length + Math.max(0, session.q - session.seen);

const statusBySession = (session: Session, maxTasks: number): WorkerStatus =>
  heldBy(session) >= maxTasks || (session.polls === undefined && available(session) <= 0) ? 'busy' : 'online';

const statusByReport = ({ session, lastActive, reported }: WorkerRow, maxTasks: number, now: number): WorkerStatus => {
  // A session that is named and not live has gone; whoever lives on without one says so by a heartbeat, which drops the name.
  if (session !== undefined || lastActive === undefined || lastActive + SILENT_AFTER_MS < now) {
    return 'offline';
  }
  if (reported === undefined || reported.status === 'offline') {
    return reported === undefined ? 'online' : 'offline';
  }
  return reported.status === 'busy' || reported.currentTasks >= maxTasks ? 'busy' : 'online';
};

/** @param session the one that the row names, where it still has a row */
export const viewWorker = (row: WorkerRow, session: Session | undefined, now: number): WorkerView => {
  const live = whileLive(session, now);
  const maxTasks = live?.maxTasks ?? row.maxTasks ?? row.capacity ?? USUAL_CAPACITY;
  const lastHeartbeat = Math.max(row.lastActive ?? 0, session?.hbAt ?? 0);
  const status = live === undefined ? statusByReport(row, maxTasks, now) : statusBySession(live, maxTasks);
  const reported = status === 'offline' ? 0 : (row.reported?.currentTasks ?? 0);
  return {
    ...row,
    maxTasks,
    status,
    currentTasks: live === undefined ? reported : heldBy(live),
    ...(lastHeartbeat === 0 ? {} : { lastHeartbeat }),
    ...(live?.categories === undefined ? {} : { categories: live.categories }),
  };
};
