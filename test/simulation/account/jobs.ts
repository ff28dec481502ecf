/** What may happen to a job, and to its occurrences: each is decided once, and what was decided is what happens. */
import type { Backfill } from '../../../lib/application/ports/index.ts';
import type { Gap, Job, Pending } from '../../../lib/domain/job/job.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { isFinal } from './final.ts';
import { firstFrom, occurrencesIn } from './occurrences.ts';
import type { Verdict } from './verdict.ts';

/** A fire is ahead of its instant by so much at most. */
const AHEAD_MS = 3_000;
/** A decision is about the world as it was read: some calls ago, and where a function stood still, minutes ago. */
const READ_AGO_MS = 1_000;
const READ_LONG_AGO_MS = 5 * 60_000;

/** The id of a job's run says whose it is and for when: `<job>.<instant>`, of a broadcast also which one. */
const instantOf = (run: string): number => Number(run.split('.')[1]);

type Account = {
  /** By occurrence, or instant of a start by hand: what its fire said. */
  readonly decided: Map<number, Pending>;
  readonly gaps: Gap[];
  /** Instants whose runs have not ended, with how many of each have not. */
  readonly open: Map<number, number>;
  /** When the last of them ended. */
  freeSince: number;
  /** The revision that a client was answered about: what older ones fired has its run by then. */
  answeredRev: number;
  /** It was created so late that its alarm had given up: the reconciler has to find it (J6). */
  orphaned: boolean;
};

export type RunsSeen = { readonly runs: ReadonlyMap<string, Run> };

export const createJobAccount = (
  now: () => number,
  { must }: Verdict,
  { runs }: RunsSeen,
  alarms: {
    readonly isArmed: (id: string, rev: number, n: number) => boolean;
    readonly isBackfillArmed: (id: string, g: number) => boolean;
    /** A function stood still for longer than an alarm waits. */
    readonly wasSlow: () => boolean;
  },
) => {
  const jobs = new Map<string, Job>();
  const backfills = new Map<string, Backfill>();
  const accounts = new Map<string, Account>();
  /** Backfills that were created so late that their alarm had given up: their creator arms them again (W2). */
  const stray = new Set<string>();

  const accountOf = (id: string): Account => {
    const found = accounts.get(id) ?? {
      decided: new Map(),
      gaps: [],
      open: new Map(),
      freeSince: Number.NEGATIVE_INFINITY,
      answeredRev: 0,
      orphaned: false,
    };
    accounts.set(id, found);
    return found;
  };

  const wasCancelled = (id: string, n: number): boolean => runs.get(`${id}.${n}`)?.status === 'cancelled';

  const onFire = (before: Job, pend: Pending): void => {
    const { id, policy } = before;
    const account = accountOf(id);
    must(
      !account.decided.has(pend.n) || wasCancelled(id, pend.n),
      'fired_once',
      () => `occurrence ${pend.n} of job ${id} was decided twice`,
    );
    must(
      pend.trigger !== 'schedule' || before.state === 'active',
      'halt_heeded',
      () => `job ${id} was fired while it was ${before.state}`,
    );
    must(
      pend.trigger !== 'schedule' || now() >= pend.n - AHEAD_MS,
      'never_early',
      () => `job ${id} was fired ${pend.n - now()} ms ahead`,
    );
    const readAgoMs = alarms.wasSlow() ? READ_LONG_AGO_MS : READ_AGO_MS;
    must(
      pend.skip !== 'overlap' || account.open.size > 0 || now() - account.freeSince <= readAgoMs,
      'never_locked',
      () =>
        `occurrence ${pend.n} of job ${id} was left out for a run that had ended ${now() - account.freeSince} ms before`,
    );
    must(
      pend.skip !== 'overlap' || policy.concurrency === 'forbid',
      'never_locked',
      () => `job ${id} allows two at a time, and left occurrence ${pend.n} out`,
    );
    account.decided.set(pend.n, pend);
  };

  /** Each occurrence that the chain passes over is either the one that fires or one of the gap. */
  const mustAccount = (
    { id, schedule }: Job,
    [from, to]: readonly [number, number],
    fired: number | undefined,
    gap: Gap | undefined,
  ): void => {
    for (const n of schedule === undefined ? [] : occurrencesIn(schedule, from, to)) {
      const inGap = gap !== undefined && gap.from <= n && n < gap.to;
      // An earlier revision may have fired it ahead.
      const isFired = fired === n || accountOf(id).decided.has(n);
      must(
        Number(inGap) + Number(isFired) === 1,
        'occurrences_accounted',
        () =>
          `occurrence ${n} of job ${id} ${inGap ? 'fired and is in a gap' : 'was passed over without a run, a skip or a gap'}`,
      );
    }
  };

  /** The chain begins anew: with a first occurrence, after those that the old one left out. */
  const onRevision = (before: Job, after: Job, gap: Gap | undefined): void => {
    const { id, schedule } = after;
    const { decided } = accountOf(id);
    const [was, is] = [before.state === 'active', after.state === 'active'];
    const cutAt = after.state === 'deleted' ? after.deletedAt : is ? after.scheduledFrom : after.pausedAt;
    if (was && before.next !== undefined && cutAt !== undefined) {
      mustAccount(before, [before.next, cutAt], undefined, gap);
    }
    const since = was ? after.scheduledFrom : before.pausedAt;
    for (const n of is && schedule !== undefined && since !== undefined
      ? occurrencesIn(schedule, since, after.next ?? now())
      : []) {
      const inGap = gap !== undefined && gap.from <= n && n < gap.to;
      must(
        inGap || decided.has(n),
        'occurrences_accounted',
        () => `occurrence ${n} of job ${id} is not due by its new chain, and in no gap`,
      );
    }
    must(
      !is || schedule === undefined || after.next !== undefined,
      'chain_kept',
      () => `job ${id} is active and has no next occurrence`,
    );
  };

  const onJob = (before: Job | undefined, after: Job, gap: Gap | undefined): void => {
    const { id, schedule } = after;
    jobs.set(id, after);
    const account = accountOf(id);
    if (gap !== undefined) {
      account.gaps.push(gap);
    }
    if (before === undefined) {
      const first =
        after.state === 'active' && schedule !== undefined ? firstFrom(schedule, after.createdAt) : undefined;
      must(
        after.next === first,
        'occurrences_accounted',
        () => `job ${id} begins with ${after.next} instead of ${first}`,
      );
      account.orphaned = after.next !== undefined && alarms.wasSlow() && !alarms.isArmed(id, after.rev, after.next);
      return;
    }
    must(
      after.version > before.version && after.rev >= before.rev,
      'chain_kept',
      () => `the row of job ${id} went back to version ${after.version}, revision ${after.rev}`,
    );
    const fired = after.pend !== before.pend ? after.pend : undefined;
    if (fired !== undefined) {
      onFire(before, fired);
    }
    if (after.rev > before.rev) {
      onRevision(before, after, gap);
    } else if (before.next !== undefined && after.next !== before.next) {
      const n = fired?.trigger === 'schedule' ? fired.n : undefined;
      mustAccount(before, [before.next, after.next ?? now()], n, gap);
    }
  };

  const onBackfill = (before: Backfill | undefined, after: Backfill): void => {
    backfills.set(after.id, after);
    if (before === undefined && alarms.wasSlow() && !alarms.isBackfillArmed(after.id, after.g)) {
      stray.add(after.id);
    }
    must(
      after.open.length <= after.parallel,
      'backfill_bound',
      () => `backfill ${after.id} has ${after.open.length} runs open, and may have ${after.parallel}`,
    );
    must(
      before === undefined || before.state === 'running' || before.state === after.state,
      'halt_heeded',
      () => `backfill ${after.id} was ${before?.state} and turned ${after.state}`,
    );
  };

  const onCreated = (id: string, run: Run): void => {
    const n = instantOf(run.id);
    const account = accountOf(id);
    const job = jobs.get(id);
    if (run.trigger === 'backfill') {
      const row = backfills.get(run.backfill ?? '');
      must(
        row?.open.includes(run.id) === true,
        'backfill_bound',
        () => `run ${run.id} appeared, and no backfill that goes on names it`,
      );
      must(
        account.answeredRev === 0 || job?.state !== 'deleted' || job.rev > account.answeredRev,
        'halt_heeded',
        () => `run ${run.id} appeared after the deletion of its job was answered`,
      );
      return;
    }
    const fire = account.decided.get(n);
    must(fire !== undefined, 'fired_once', () => `run ${run.id} appeared, and nobody fired it`);
    if (fire === undefined) {
      return;
    }
    must(
      (fire.skip !== undefined) === (run.status === 'skipped') && run.skip === fire.skip,
      'skip_kept',
      () => `occurrence ${n} of job ${id} was to be ${fire.skip ?? 'executed'}, and its run is ${run.status}`,
    );
    must(
      fire.rev >= account.answeredRev,
      'halt_heeded',
      () => `run ${run.id} of revision ${fire.rev} appeared after revision ${account.answeredRev} was answered`,
    );
    must(run.spec === fire.spec, 'halt_heeded', () => `run ${run.id} executes version ${run.spec}, not ${fire.spec}`);
  };

  /** Runs of one instant belong together: a broadcast is one fire. */
  const countOpen = (id: string, before: Run | undefined, after: Run): void => {
    const account = accountOf(id);
    const n = instantOf(after.id);
    const by = Number(!isFinal(after)) - Number(before !== undefined && !isFinal(before));
    const open = (account.open.get(n) ?? 0) + by;
    account.open.set(n, open);
    if (open === 0) {
      account.open.delete(n);
      account.freeSince = by < 0 ? now() : account.freeSince;
    }
    const job = jobs.get(id);
    must(
      by <= 0 || account.open.size <= 1 || job?.policy.concurrency === 'allow',
      'one_at_a_time',
      () => `job ${id} forbids two at a time: the runs of ${[...account.open.keys()].join(' and ')} have not ended`,
    );
  };

  return {
    jobs: jobs as ReadonlyMap<string, Job>,
    backfills: backfills as ReadonlyMap<string, Backfill>,
    accountOf: accountOf as (id: string) => Readonly<Account>,
    onJob,
    onBackfill,
    onRun: (before: Run | undefined, after: Run): void => {
      const { job } = after;
      if (job === undefined) {
        return;
      }
      if (before === undefined) {
        onCreated(job, after);
      }
      if (after.trigger !== 'backfill') {
        countOpen(job, before, after);
      }
    },
    /** A client was told that its change of the job is done. */
    onAnswered: (id: string): void => {
      const account = accountOf(id);
      account.answeredRev = Math.max(account.answeredRev, jobs.get(id)?.rev ?? 0);
    },
    /** An alarm was armed for the job: whatever it lacked, it has one now. */
    onArmed: (id: string): void => {
      accountOf(id).orphaned = false;
    },
    onBackfillArmed: (id: string) => stray.delete(id),
    /** An ended one still has an alarm while it names runs: they may have to be cancelled. */
    isBackfillWatched: (id: string): boolean => {
      const row = backfills.get(id);
      return row !== undefined && (row.state === 'running' || row.open.length > 0) && !stray.has(id);
    },
    /** Rows that cannot do without an alarm of that occurrence. */
    isWatched: (id: string, n: number): boolean => {
      const job = jobs.get(id);
      return job?.state === 'active' && job.next === n && !accountOf(id).orphaned;
    },
  };
};
export type JobAccount = ReturnType<typeof createJobAccount>;
