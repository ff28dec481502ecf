/** Those who keep jobs: straight into the use cases, as any API would, and again where nobody answers. */
import type { BackfillResult, JobInput, JobPatch } from '../../lib/application/jobs/api.ts';
import { createAsker } from './asker.ts';
import type { Basics } from './basics.ts';
import type { Functions } from './cloud/functions.ts';
import type { Behaviour } from './fleet/behaviour.ts';

export type JobOrder = Partial<Omit<JobInput, 'name' | 'payload' | 'schedule' | 'policy'>> &
  Partial<Behaviour> & {
    readonly label: string;
    /** As `10s`, of `@every`. */
    readonly every: string;
    readonly concurrency?: JobInput['policy']['concurrency'];
    readonly misfire?: JobInput['policy']['misfire'];
    readonly misfireCap?: number;
    readonly deadlineMs?: number;
    /** From now, and may be past. Default: longer than occurrences are fired ahead. */
    readonly startsInMs?: number;
  };

type Surroundings = Pick<Basics, 'timeline' | 'faults' | 'ledger' | 'say'> & { readonly functions: Functions };

const STARTS_IN_MS = 5_000;
const CLERK = 'user:1';

export const everySchedule = (every: string, startAt: number): NonNullable<JobInput['schedule']> => ({
  expression: `@every ${every}`,
  timeZone: 'UTC',
  days: 'or',
  gap: 'shift',
  overlap: 'once',
  jitterMs: 0,
  startAt,
});

export const payloadOf = ({
  label,
  workMs = 300,
  fails = 0,
  prints = 0,
  progress = false,
}: Partial<Behaviour>): string => JSON.stringify({ label, workMs, fails, prints, progress });

export const createClerk = (surroundings: Surroundings) => {
  const { timeline, ledger } = surroundings;
  const { ask, insist } = createAsker('clerk', surroundings);
  const ids = new Map<string, string>();
  let orders = 0;

  const inputOf = (order: JobOrder): JobInput => {
    const { label, every, concurrency = 'allow', misfire = 'fire_once', misfireCap = 100, deadlineMs } = order;
    const { startsInMs = STARTS_IN_MS, workMs: _w, fails: _f, prints: _p, progress: _g, ...rest } = order;
    return {
      ...{ project: 'default', category: 'default', description: '', saveLog: true, state: 'active' },
      ...{ handler: 'send_email', pool: 'default', priority: 5, maxTries: 1, timeoutMs: 300_000 },
      strategy: 'least_loaded',
      ...rest,
      name: label,
      payload: payloadOf(order),
      schedule: everySchedule(every, timeline.now() + startsInMs),
      policy: { concurrency, misfire, misfireCap, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
    };
  };

  const answered = <Answer>(id: string, answer: Answer): Answer => {
    if (answer !== undefined) {
      ledger.onAnswered(id);
    }
    return answer;
  };

  const change = async (id: string, patch: JobPatch): Promise<void> => {
    answered(id, await insist(`change ${Object.keys(patch).join()}`, (engine) => engine.jobs.change(id, patch, CLERK)));
  };

  return {
    /** Under a key, until it is there. @returns the id, if anybody was ever told */
    create: async (order: JobOrder): Promise<string | undefined> => {
      orders += 1;
      const key = { caller: CLERK, key: `job-${orders}`, fingerprint: order.label };
      const input = inputOf(order);
      const made = await insist(`create ${order.label}`, (engine) => engine.jobs.create(input, CLERK, key));
      const id = made !== undefined && 'job' in made ? made.job.id : undefined;
      if (id !== undefined) {
        ids.set(order.label, id);
      }
      return id;
    },
    /** Once, without a key. */
    askFor: async (order: JobOrder): Promise<void> => {
      orders += 1;
      const input = inputOf(order);
      await ask(`ask for ${order.label}`, (engine) => engine.jobs.create(input, CLERK));
    },
    change,
    pause: (id: string): Promise<void> => change(id, { state: 'paused' }),
    resume: (id: string): Promise<void> => change(id, { state: 'active' }),
    remove: async (id: string): Promise<void> => {
      answered(id, await insist('remove', (engine) => engine.jobs.remove(id, CLERK)));
    },
    /** Once: whoever asked again would start another run. */
    trigger: (id: string) => ask('trigger', (engine) => engine.jobs.trigger(id)),
    backfill: (
      id: string,
      range: { readonly from: number; readonly to: number; readonly parallel: number },
    ): Promise<BackfillResult | undefined> =>
      ask('backfill', (engine) => engine.jobs.backfill(id, { ...range, dryRun: false }, CLERK)),
    cancelBackfill: (id: string, backfill: string) =>
      insist('cancel backfill', (engine) => engine.jobs.cancelBackfill(id, backfill)),
    insist,
    /** Jobs that were asked for so far. */
    orders: (): number => orders,
    idOf: (label: string): string | undefined => ids.get(label),
  };
};
export type Clerk = ReturnType<typeof createClerk>;
