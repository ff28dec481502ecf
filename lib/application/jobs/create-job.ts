import { createHash } from 'node:crypto';
import { readSchedule } from '../../domain/cron/read.ts';
import { makeRunId } from '../../domain/ids.ts';
import { armedFor } from '../../domain/job/chain.ts';
import { newJob } from '../../domain/job/create.ts';
import type { Job } from '../../domain/job/job.ts';
import type { Wanted } from '../../domain/job/wanted.ts';
import { arm } from '../alarms/arm.ts';
import type { Idempotency } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import type { CreateJobResult, Jobs, JobView } from './api.ts';
import { type ViewJobs, viewOne } from './view-jobs.ts';
import { wantedOf } from './wanted-of.ts';

/** An `Idempotency-Key` is kept this long. */
const KEY_MS = 24 * 60 * 60_000;
/** Draws of an id before we give up: each collides with a chance of 1 in 4,096 per job of the same millisecond. */
const ID_DRAWS = 8;

/** Hashed: a caller's key may be as long and as odd as it likes, and may be secret. The same key may make a run as well. */
const storedKey = ({ caller, key }: Idempotency): string =>
  createHash('sha256')
    .update(JSON.stringify(['job', caller, key]))
    .digest('base64url');

/** A job that has just been made, as {@link ViewJobs} would show it: what lies beside its row is at hand. */
const viewOfNew = (job: Job, { spec: { payload, metadata } }: Wanted): JobView => ({
  ...job,
  payload,
  ...(metadata === undefined ? {} : { metadata }),
});

type Made = { readonly kind: 'created' | 'exists'; readonly job: Job } | { readonly kind: 'name_taken' };

/** Creates a job: armed first, then written (rule A1). What comes later than its alarm waits is found by rule J6. */
export const createCreateJob = (ports: Ports, viewJobs: ViewJobs): Jobs['create'] => {
  const { jobs, idempotency, now, chance } = ports;

  const make = async (wanted: Wanted, id: string, by: string, key: string | undefined): Promise<Made> => {
    const { project, name } = wanted.details;
    const holder = await jobs.findId(project, name);
    // Asked before arming: a client that asks for the same name again and again would leave an alarm each time.
    if (holder !== undefined && holder !== id) {
      return { kind: 'name_taken' };
    }
    const job = newJob(wanted, { id, by, now: now(), ...(key === undefined ? {} : { keyed: key }) });
    if (job.next !== undefined) {
      await arm(ports, { kind: 'job', id, n: job.next }, job.rev, armedFor(job.next, now()));
    }
    const made = await jobs.create(job, wanted.spec);
    if (made.kind === 'created') {
      return { kind: 'created', job };
    }
    // The name may be taken by this very job, which another request of the same key has just made.
    const existing = await jobs.get(id, 'consistent');
    const isOurs = existing !== undefined && key !== undefined && existing.keyed === key;
    if (made.kind === 'name_taken' && !isOurs) {
      return { kind: 'name_taken' };
    }
    return { kind: 'exists', job: existing ?? job };
  };

  const createPlain = async (wanted: Wanted, by: string): Promise<CreateJobResult> => {
    for (let draw = 0; draw < ID_DRAWS; draw += 1) {
      const made = await make(wanted, makeRunId(now(), chance()), by, undefined);
      if (made.kind === 'name_taken') {
        return made;
      }
      if (made.kind === 'created') {
        return { kind: 'created', job: viewOfNew(made.job, wanted) };
      }
    }
    throw new Error(`No free job id in ${ID_DRAWS} draws`);
  };

  const createKeyed = async (
    wanted: Wanted,
    by: string,
    key: string,
    fingerprint: string,
  ): Promise<CreateJobResult> => {
    let replacing: string | undefined;
    for (let draw = 0; draw < ID_DRAWS; draw += 1) {
      const drawn = { run: makeRunId(now(), chance()), fingerprint };
      const times = { now: now(), expiresAt: now() + KEY_MS };
      const reserved = await idempotency.reserve(key, drawn, times, replacing);
      const held = reserved.kind === 'reserved' ? drawn : reserved.by;
      if (held.fingerprint !== fingerprint) {
        return { kind: 'key_reused' };
      }
      // Whoever holds the key's id may create the job: the first crashed in between, or is at it right now.
      const existing = reserved.kind === 'taken' ? await jobs.get(held.run, 'consistent') : undefined;
      const made: Made =
        existing === undefined ? await make(wanted, held.run, by, key) : { kind: 'exists', job: existing };
      if (made.kind === 'name_taken') {
        return made;
      }
      if (made.kind === 'created') {
        return { kind: 'created', job: viewOfNew(made.job, wanted) };
      }
      if (made.job.keyed === key) {
        return { kind: 'replayed', job: await viewOne(viewJobs, made.job) };
      }
      replacing = held.run;
    }
    throw new Error(`No free job id in ${ID_DRAWS} draws`);
  };

  /** A repeat is answered even when what it asks for would no longer be accepted. */
  const findMade = async (key: string, fingerprint: string): Promise<CreateJobResult | undefined> => {
    const held = await idempotency.find(key, now());
    if (held === undefined) {
      return undefined;
    }
    if (held.fingerprint !== fingerprint) {
      return { kind: 'key_reused' };
    }
    const job = await jobs.get(held.run, 'consistent');
    return job?.keyed === key ? { kind: 'replayed', job: await viewOne(viewJobs, job) } : undefined;
  };

  return async (input, by, asked) => {
    const key = asked === undefined ? undefined : storedKey(asked);
    const found = asked === undefined || key === undefined ? undefined : await findMade(key, asked.fingerprint);
    if (found !== undefined) {
      return found;
    }
    const wanted = wantedOf(input, undefined, now());
    const reading = wanted.schedule === undefined ? undefined : readSchedule(wanted.schedule, now());
    if (reading?.kind === 'invalid') {
      return { kind: 'bad_schedule', problem: reading.problem };
    }
    return asked === undefined || key === undefined
      ? createPlain(wanted, by)
      : createKeyed(wanted, by, key, asked.fingerprint);
  };
};
