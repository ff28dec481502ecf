import type { Job, Pending } from '../../domain/job/job.ts';
import { HELP_WITHIN_MS, type RunSpec, requestsOf, runIdsOf, runIdsOfLast } from '../../domain/job/pending.ts';
import type { Run } from '../../domain/run.ts';
import type { Engine } from '../api.ts';
import type { Ports, Reading } from '../ports/index.ts';
import type { CreateRun } from '../runs/create-run.ts';
import type { SkipRun } from '../runs/skip-run.ts';
import { inBatches } from './in-batches.ts';
import type { ReadSpec } from './read-spec.ts';

type Tools = {
  readonly createRun: CreateRun;
  readonly skipRun: SkipRun;
  readonly cancelRun: Engine['cancelRun'];
  readonly readSpec: ReadSpec;
};

export type RunsOfFire = {
  /** Creates what a fire stands for; what is there already is left as it is. */
  readonly create: (job: Job, pend: Pending) => Promise<readonly Run[]>;
  /**
   * Help (rule J1): the runs of the newest fire, created where they are missing, by whoever wants to write the row. It is read
   * first, because creating looks for a worker and takes its credit.
   * @param withinMs an older fire is left alone, and nothing is read
   */
  readonly help: (
    job: Job,
    reading: Reading,
    withinMs?: number,
  ) => Promise<{ readonly runs: readonly Run[]; readonly missed: number }>;
};

export const createRunsOfFire = ({ runs, now }: Pick<Ports, 'runs' | 'now'>, tools: Tools): RunsOfFire => {
  /** The row has the specification of its newest version. An older one's is asked for only after an edit. */
  const specOf = async (job: Job, version: number): Promise<{ readonly spec: RunSpec; readonly payload?: string }> => {
    if (version === job.spec) {
      return { spec: job, ...(job.payload === undefined ? {} : { payload: job.payload }) };
    }
    const spec = await tools.readSpec(job.id, version);
    return { spec: { ...spec, payloadBytes: Buffer.byteLength(spec.payload) }, payload: spec.payload };
  };

  const createOnly = async (job: Job, pend: Pending, ids: readonly string[]): Promise<readonly Run[]> => {
    if (pend.replaces !== undefined) {
      await inBatches(runIdsOfLast(pend.replaces), tools.cancelRun);
    }
    const { spec, payload } = await specOf(job, pend.spec);
    const requests = requestsOf(job, pend, spec).filter(({ id }) => ids.includes(id));
    const { skip } = pend;
    return inBatches(requests, async (request) => {
      const { run } = await (skip === undefined ? tools.createRun(request, payload) : tools.skipRun(request, skip));
      return run;
    });
  };

  return {
    create: (job, pend) => createOnly(job, pend, runIdsOf(job.id, pend)),
    help: async (job, reading, withinMs = HELP_WITHIN_MS) => {
      const { pend } = job;
      if (pend === undefined || pend.at <= now() - withinMs) {
        return { runs: [], missed: 0 };
      }
      const found = await inBatches(runIdsOf(job.id, pend), async (id) => {
        // An eventual read that finds a run is right; one that does not may be late.
        const run = await runs.get(id, reading);
        return { id, run: run ?? (reading === 'eventual' ? await runs.get(id, 'consistent') : undefined) };
      });
      const missing = found.filter(({ run }) => run === undefined).map(({ id }) => id);
      const created = missing.length === 0 ? [] : await createOnly(job, pend, missing);
      return { runs: [...found.flatMap(({ run }) => run ?? []), ...created], missed: missing.length };
    },
  };
};
