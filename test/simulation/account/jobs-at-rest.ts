/** What must hold of jobs when nothing goes wrong any more: they fire on, their ledgers are right, and they can be deleted. */
import type { LedgerEntry } from '../../../lib/application/jobs/api.ts';
import type { Job } from '../../../lib/domain/job/job.ts';
import type { World } from '../world.ts';
import { occurrencesIn } from './occurrences.ts';

const MINUTE_MS = 60_000;
/** A message comes back after three minutes, and the reconciler looks every five at what is two late. */
const FIRES_WITHIN_MS = 8 * MINUTE_MS;
/** A function that stood still goes on within this. */
const ASKED_WITHIN_MS = 5 * MINUTE_MS;
/** Jobs that are due sooner are waited for. */
const SOON_MS = 2 * MINUTE_MS;
/** How far a replica may be behind what was written before the calm. */
const LAG_MS = 10_000;
const MOST_LISTED = 1_000;

type Live = (withinMs: number, holds: () => boolean) => Promise<boolean>;

const existing = ({ ledger }: World): readonly Job[] =>
  [...ledger.jobs.values()].filter(({ state }) => state !== 'deleted');

/** What the ledger of a job should say of each occurrence since its schedule is as it is. */
const expectedOf = ({ ledger }: World, job: Job, to: number): ReadonlyMap<number, string> => {
  const { decided, gaps } = ledger.jobAccountOf(job.id);
  const expected = new Map<number, string>();
  const since = job.scheduledFrom ?? job.createdAt;
  // What an earlier schedule had fired ahead has its run.
  const fired = [...decided].flatMap(([n, { trigger }]) => (trigger === 'schedule' && n >= since && n < to ? n : []));
  const due = job.schedule === undefined ? [] : occurrencesIn(job.schedule, since, to);
  for (const n of new Set([...fired, ...due])) {
    const fire = decided.get(n);
    const gap = gaps.find(({ from, to: end }) => from <= n && n < end);
    const pausedSince = job.state === 'active' ? Number.POSITIVE_INFINITY : (job.pausedAt ?? 0);
    const ofGap = gap?.reason === 'missed' ? 'missed' : gap !== undefined || n >= pausedSince ? 'skipped' : 'due';
    // A backfill may have run what was left out; and a run whose creator died is still to come.
    const isRun = [`${job.id}.${n}`, `${job.id}.${n}.0`].some((id) => ledger.runs.has(id));
    expected.set(n, fire?.skip !== undefined ? 'skipped' : isRun ? 'ran' : fire !== undefined ? 'due' : ofGap);
  }
  return expected;
};

const compare = (world: World, job: Job, entries: readonly LedgerEntry[], to: number): void => {
  const { ledger } = world;
  const since = job.scheduledFrom ?? job.createdAt;
  const expected = expectedOf(world, job, to);
  const told = entries.filter(({ n }) => n >= since && n < to);
  ledger.must(
    told.length === expected.size,
    'occurrences_accounted',
    () => `the ledger of job ${job.id} tells of ${told.length} occurrences, and there were ${expected.size}`,
  );
  for (const { n, outcome, reason } of told) {
    ledger.must(
      expected.get(n) === outcome,
      'occurrences_accounted',
      () => `the ledger of job ${job.id} says of ${n}: ${outcome} ${reason ?? ''}, and it was ${expected.get(n)}`,
    );
  }
};

/** Whatever was fired has its run by the time at which its job's deletion was answered. */
const mustHaveRuns = ({ ledger }: World, id: string): void => {
  for (const n of ledger.jobAccountOf(id).decided.keys()) {
    ledger.must(
      [`${id}.${n}`, `${id}.${n}.0`].some((run) => ledger.runs.has(run)),
      'occurrences_accounted',
      () => `occurrence ${n} of job ${id} was fired, and has no run`,
    );
  }
};

/** Lives on until every job has shown that it does, holds their ledgers against the account, and deletes them all. */
export const settleJobs = async (world: World, live: Live): Promise<void> => {
  const { ledger, timeline, clerk, functions } = world;
  if (clerk.orders() === 0) {
    return;
  }
  // One may still be about to be created.
  await live(ASKED_WITHIN_MS, () => functions.atWork() === 0);
  if (existing(world).length === 0) {
    return;
  }
  const calmAt = timeline.now();
  const hasFired = ({ id }: Job): boolean => {
    const { state, next, pend } = ledger.jobs.get(id) ?? {};
    return state !== 'active' || next === undefined || next > calmAt + SOON_MS || (pend?.at ?? 0) > calmAt;
  };
  const fired = await live(FIRES_WITHIN_MS, () => existing(world).every(hasFired));
  const stuck = existing(world).find((job) => !hasFired(job));
  if (!fired && stuck !== undefined) {
    ledger.fail('chain_kept', `job ${stuck.id} has not fired for ${FIRES_WITHIN_MS / MINUTE_MS} calm minutes`);
    return;
  }
  await live(LAG_MS, () => false);
  if (ledger.violation() !== undefined) {
    return;
  }
  let settled = false;
  const settling = (async () => {
    for (const job of existing(world)) {
      const { id, createdAt } = job;
      const askedAt = timeline.now();
      // What is being fired right now may be told of as it was or as it will be.
      const { next = askedAt, pend } = ledger.jobs.get(id) ?? job;
      const firing = pend !== undefined && pend.at > askedAt - LAG_MS ? pend.n : askedAt;
      const range = { from: createdAt, to: Math.min(askedAt - LAG_MS, next, firing), limit: MOST_LISTED };
      const entries = await clerk.insist('ledger', (engine) => engine.jobs.ledger(id, range));
      compare(world, ledger.jobs.get(id) ?? job, entries ?? [], range.to);
      await clerk.remove(id);
    }
    settled = true;
  })();
  if (!(await live(FIRES_WITHIN_MS, () => settled)) && !settled) {
    ledger.fail('quiet_in_time', 'the jobs cannot be deleted');
    return;
  }
  await settling;
  for (const id of ledger.jobs.keys()) {
    mustHaveRuns(world, id);
  }
};
