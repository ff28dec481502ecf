import type { Run } from '../../domain/run.ts';
import { cancel } from '../../domain/run-decisions.ts';
import { KILL_GRACE_MS } from '../../domain/timing.ts';
import { arm } from '../alarms/arm.ts';
import type { Engine } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import type { Ended } from './ended.ts';
import type { ViewRun } from './view-run.ts';

export type SendCancel = (run: Pick<Run, 'id' | 'attempt' | 'session'>) => Promise<void>;

/** Tells the worker to end an attempt. Lost, it is sent again by the evidence alarm (rule R7). */
export const createSendCancel =
  ({ sessions, sockets }: Ports): SendCancel =>
  async ({ id, attempt, session }) => {
    const holder = session === undefined ? undefined : await sessions.get(session, 'consistent');
    if (holder?.conn !== undefined && holder.st === 'up') {
      await sockets.post(holder.conn, { type: 'cancel', session: holder.id, run: id, attempt, graceMs: KILL_GRACE_MS });
    }
  };

/** A run moves on only so often; a caller that lost this many races is told of a fault instead of spinning. */
const RACES = 10;

/** Cancels a run: terminal at once, with its worker told and the evidence followed by an alarm. */
export const createCancelRun =
  (
    ports: Ports,
    tools: { readonly viewRun: ViewRun; readonly sendCancel: SendCancel; readonly ended: Ended },
  ): Engine['cancelRun'] =>
  async (id) => {
    const { runs, settings, now } = ports;
    for (let race = 0; race < RACES; race += 1) {
      const run = await runs.get(id, 'consistent');
      if (run === undefined || run.hidden) {
        return { kind: 'not_found' };
      }
      const decision = cancel(run, { now: now(), retentionMs: settings.retentionMs });
      if (decision === 'already_ended') {
        return { kind: 'already_ended', run: await tools.viewRun(run) };
      }
      if (decision.arm !== undefined) {
        await arm(ports, { kind: 'run', id }, decision.arm.g, decision.arm.dueAt);
      }
      const committed = await runs.commit(decision.change);
      if (committed.kind === 'won') {
        await tools.sendCancel(committed.run);
        await tools.ended(committed.run);
        return { kind: 'cancelled', run: await tools.viewRun(committed.run) };
      }
    }
    throw new Error(`Run ${id} changed ${RACES} times while it was being cancelled`);
  };
