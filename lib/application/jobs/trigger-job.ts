import { createHash } from 'node:crypto';
import { makeJobRunId, parseJobRunId } from '../../domain/ids.ts';
import {
  type Again,
  CONFIRM_AFTER_MS,
  instantByHand,
  refusalOf,
  startAsksForWorkers,
  startByHand,
} from '../../domain/job/by-hand.ts';
import { asksForLast } from '../../domain/job/fire.ts';
import type { Run } from '../../domain/run.ts';
import { arm } from '../alarms/arm.ts';
import { racing } from '../identity/racing.ts';
import type { Ports } from '../ports/index.ts';
import type { Idempotency } from '../run-view.ts';
import type { ViewRun } from '../runs/view-run.ts';
import type { Jobs, TriggerResult } from './api.ts';
import type { BroadcastWorkers } from './broadcast-workers.ts';
import type { JobRuns } from './job-runs.ts';
import type { RunsOfFire } from './runs-of-fire.ts';

type Tools = {
  readonly jobRuns: JobRuns;
  readonly runsOfFire: RunsOfFire;
  readonly broadcastWorkers: BroadcastWorkers;
  readonly viewRun: ViewRun;
};

/** An `Idempotency-Key` is kept this long. */
const KEY_MS = 24 * 60 * 60_000;
/** Instants that are drawn for a key before we give up: each is taken only by a start within the same millisecond. */
const DRAWS = 8;

/** Hashed: a caller's key may be as long and as odd as it likes, and may be secret. The same key may make a job as well. */
const storedKey = ({ caller, key }: Idempotency): string =>
  createHash('sha256')
    .update(JSON.stringify(['start', caller, key]))
    .digest('base64url');

/** The instant that a start is to have; or what its key already stands for. */
type Place =
  | { readonly kind: 'free'; readonly instant: number }
  | { readonly kind: 'taken'; readonly run: Run }
  | { readonly kind: 'key_reused' };

/**
 * Starts a run by hand, or repeats one, by the same write as a fire: whatever the policy, the two cannot overtake each other
 * (rule J4). A key is bound to the instant of the run before the start, so a repeat starts at that instant or finds its run.
 */
export const createTriggerJob = (ports: Ports, tools: Tools): Pick<Jobs, 'trigger' | 'retry'> => {
  const { jobs, idempotency, now } = ports;
  const { jobRuns, runsOfFire } = tools;

  /** Two people may start a job in the same millisecond. Whose write comes second has read what the first one started. */
  const freeInstant = async (id: string): Promise<number> => {
    let instant = instantByHand(now());
    while ((await jobRuns.atInstant(id, instant)) !== undefined) {
      instant = instantByHand(instant + 1);
    }
    return instant;
  };

  const runOfId = async (id: string): Promise<Run | undefined> => {
    const parsed = parseJobRunId(id);
    return parsed === undefined ? undefined : jobRuns.atInstant(parsed.job, parsed.instant);
  };

  /** A repeat is answered even when what it asks for would no longer be accepted. */
  const findStarted = async (key: string, fingerprint: string): Promise<TriggerResult | undefined> => {
    const held = await idempotency.find(key, now());
    if (held === undefined) {
      return undefined;
    }
    if (held.fingerprint !== fingerprint) {
      return { kind: 'key_reused' };
    }
    const run = await runOfId(held.run);
    return run?.keyed === key ? { kind: 'replayed', run: await tools.viewRun(run) } : undefined;
  };

  const bind = async (job: string, key: string, fingerprint: string): Promise<Place> => {
    let replacing: string | undefined;
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const drawn = { run: makeJobRunId({ job, instant: await freeInstant(job) }), fingerprint };
      const times = { now: now(), expiresAt: now() + KEY_MS };
      const reserved = await idempotency.reserve(key, drawn, times, replacing);
      const held = reserved.kind === 'reserved' ? drawn : reserved.by;
      if (held.fingerprint !== fingerprint) {
        return { kind: 'key_reused' };
      }
      // Whoever holds the key's instant may start there: the first crashed between key and start, or is at it right now.
      const run = reserved.kind === 'reserved' ? undefined : await runOfId(held.run);
      const instant = parseJobRunId(held.run)?.instant;
      if (run === undefined && instant !== undefined) {
        return { kind: 'free', instant };
      }
      if (run?.keyed === key) {
        return { kind: 'taken', run };
      }
      replacing = held.run;
    }
    throw new Error(`No free instant for a start of job ${job} in ${DRAWS} draws`);
  };

  const start = async (
    id: string,
    again: Again | undefined,
    asked: Idempotency | undefined,
  ): Promise<TriggerResult> => {
    const keyed = asked === undefined ? undefined : storedKey(asked);
    const found = asked && keyed !== undefined ? await findStarted(keyed, asked.fingerprint) : undefined;
    if (found !== undefined) {
      return found;
    }
    return racing<TriggerResult>(`Job ${id}`, async () => {
      const job = await jobs.get(id, 'consistent');
      if (job === undefined || job.state === 'deleted') {
        return { kind: 'not_found' };
      }
      if (job.state === 'disabled') {
        return { kind: 'disabled' };
      }
      const { runs } = await runsOfFire.help(job, 'consistent');
      const lastEnded = asksForLast(job) ? await jobRuns.lastEnded(job, runs) : true;
      const mine = keyed === undefined ? undefined : runs.find((run) => run.keyed === keyed);
      if (mine !== undefined) {
        return { kind: 'replayed', run: await tools.viewRun(mine) };
      }
      const refusal = refusalOf(job, { lastEnded });
      if (refusal !== undefined) {
        return refusal === 'busy' && job.last !== undefined ? { kind: 'busy', run: job.last } : { kind: 'disabled' };
      }
      const place: Place =
        asked === undefined || keyed === undefined
          ? { kind: 'free', instant: await freeInstant(id) }
          : await bind(id, keyed, asked.fingerprint);
      if (place.kind === 'key_reused') {
        return place;
      }
      if (place.kind === 'taken') {
        return { kind: 'replayed', run: await tools.viewRun(place.run) };
      }
      const workers = startAsksForWorkers(job, again) ? await tools.broadcastWorkers(job) : [];
      const { after, pend } = startByHand(job, { instant: place.instant, again, keyed }, now(), { lastEnded, workers });
      await arm(ports, { kind: 'job', id, n: pend.n }, job.rev, now() + CONFIRM_AFTER_MS);
      if ((await jobs.write(job, after)).kind !== 'done') {
        return 'changed';
      }
      const [run] = await runsOfFire.create(after, pend);
      if (run === undefined) {
        throw new Error(`Job ${id} was started without a run`);
      }
      return { kind: 'started', run: await tools.viewRun(run) };
    });
  };

  return {
    trigger: (id, asked) => start(id, undefined, asked),
    retry: (run, asked) => start(run.job, run, asked),
  };
};
