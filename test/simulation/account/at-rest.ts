/** What must hold when nothing goes wrong any more, when everything rests, and when everybody has left. */
import { JOB_RUNS } from '../../../lib/application/ports/index.ts';
import type { Run } from '../../../lib/domain/run.ts';
import type { Violation } from '../promises.ts';
import type { World } from '../world.ts';
import { isStepRun } from './step-run.ts';

/** A worker that lives says so every 15 s. */
export const HEARD_WITHIN_MS = 20_000;
/** D5 promises 15 s from heartbeat to heartbeat; functions and frames take their time. */
const SERVED_WITHIN_MS = 20_000;
/** D7: an instance's picture of the queues of needs may be so old. */
const KNOWN_WITHIN_MS = 15_000;

/** Runs that wait although somebody has had a slot for them for longer than a heartbeat. */
export const checkService = (world: World, calmAt: number): void => {
  const { ledger, timeline, gateway, faults, fleet } = world;
  if (!faults.isCalm()) {
    return;
  }
  for (const [id, readySince] of ledger.readySince) {
    const { startBy = Number.POSITIVE_INFINITY } = ledger.runs.get(id) ?? {};
    if (timeline.now() > startBy) {
      // It must not begin any more; its alarm says so.
      continue;
    }
    for (const session of ledger.sessions.values()) {
      const freeSince = ledger.freeSince.get(session.id);
      const { handler = '', pool = '', needs } = ledger.runs.get(id) ?? {};
      const beatsSince = fleet.beatsSince(session.name);
      const able =
        freeSince !== undefined &&
        beatsSince !== undefined &&
        session.pool === pool &&
        session.handlers.includes(handler) &&
        (needs === undefined || fleet.isMet(session.name, needs)) &&
        gateway.isOpen(session.conn ?? '');
      const since = Math.max(readySince, freeSince ?? 0, beatsSince ?? 0, calmAt);
      ledger.must(
        !able || timeline.now() - since <= SERVED_WITHIN_MS + (needs === undefined ? 0 : KNOWN_WITHIN_MS),
        'served_in_time',
        () => `run ${id} waits, and session ${session.id} has had a free slot for ${timeline.now() - since} ms`,
      );
    }
  }
};

/** A session that does not grant what its worker has, when nothing is in flight. */
export const wrongCredit = ({ ledger, fleet, timeline }: World): Violation | undefined => {
  for (const session of ledger.sessions.values()) {
    const slots = fleet.plans.get(session.name)?.slots;
    // One whose worker has another session by now is only waiting to be found silent.
    const heard = timeline.now() - session.hbAt < HEARD_WITHIN_MS;
    const granted = session.limit - session.q;
    // A cancelled run whose worker was never reached goes on, in a slot of its own.
    const busy = ledger
      .executions()
      .filter(({ worker, endedAt }) => worker === session.name && endedAt === undefined).length;
    const counts = session.st === 'up' && heard && fleet.names().includes(session.name);
    if (slots !== undefined && counts && granted !== slots - busy) {
      return {
        promise: granted > slots - busy ? 'credit_bound' : 'credit_kept',
        detail: `session ${session.id} of ${session.name} grants ${granted} of ${slots} slots at rest, ${busy} of them busy`,
      };
    }
  }
  return undefined;
};

const checkCounter = async ({ ledger, stores }: World, counter: string | undefined): Promise<void> => {
  const counted = await stores.counts.read(counter);
  // What a person has deleted is not counted any more.
  const ours = [...ledger.runs.values()].filter(
    ({ id, job, hidden }) => hidden === undefined && !isStepRun(id) && (job !== undefined) === (counter === JOB_RUNS),
  );
  const rows = Map.groupBy(ours, ({ status }) => status);
  const statuses = new Set([...rows.keys(), ...Object.keys(counted)]) as Set<Run['status']>;
  for (const status of statuses) {
    const [total, held] = [counted[status] ?? 0, rows.get(status)?.length ?? 0];
    ledger.must(total === held, 'totals_exact', () => `${held} runs are ${status} and ${total} are counted`);
  }
};

export const checkTotals = async (world: World): Promise<void> => {
  for (const counter of [undefined, JOB_RUNS]) {
    await checkCounter(world, counter);
  }
};

export const checkEnds = ({ ledger, exceptions, client, queue, schedules }: World): void => {
  const told = new Set(exceptions().map(({ id }) => id));
  const byLabel = new Map<string, number>();
  for (const run of ledger.runs.values()) {
    const failed = run.status === 'failed' || run.status === 'timed_out';
    ledger.must(
      told.has(`run:${run.id}`) === failed,
      'failure_told',
      () => `run ${run.id} is ${run.status} and has ${failed ? 'no' : 'an'} exception`,
    );
    const label = /"label":"([^"]*)"/.exec(run.payload ?? '')?.[1];
    if (label !== undefined) {
      byLabel.set(label, (byLabel.get(label) ?? 0) + 1);
    }
  }
  for (const [label, { sent, keyed }] of client.asked()) {
    const made = byLabel.get(label) ?? 0;
    ledger.must(made <= (keyed ? 1 : sent), 'one_run', () => `${made} runs came of ${label}`);
  }
  for (const id of ledger.accepted) {
    ledger.must(ledger.runs.has(id), 'nothing_lost', () => `run ${id} was accepted and is not there`);
  }
  ledger.must(
    queue.size() === 0 && schedules.waiting() === 0,
    'alarms_end',
    () => `${[...ledger.alarms.keys()].join(', ')} still rings though everything is over`,
  );
  ledger.must(
    ledger.sessions.size === 0,
    'alarms_end',
    () => `the rows of ${ledger.sessions.size} sessions are left behind`,
  );
};
