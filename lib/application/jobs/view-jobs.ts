import type { Job } from '../../domain/job/job.ts';
import type { JobView } from './api.ts';
import { inBatches } from './in-batches.ts';
import type { JobRuns } from './job-runs.ts';
import { type ReadSpec, readBeside } from './read-spec.ts';

export type ViewJobs = (jobs: readonly Job[]) => Promise<readonly JobView[]>;

/** Puts back what lies beside the rows, and says how the last runs stand. */
export const createViewJobs =
  (tools: { readonly jobRuns: JobRuns; readonly readSpec: ReadSpec }): ViewJobs =>
  async (jobs) => {
    const lasts = await tools.jobRuns.getMany(jobs.flatMap(({ last }) => last ?? []));
    const statuses = new Map(lasts.map(({ id, status }) => [id, status]));
    return inBatches(jobs, async (job) => {
      const lastStatus = job.last === undefined ? undefined : statuses.get(job.last);
      const beside = await readBeside(tools.readSpec, job);
      return { ...job, ...beside, ...(lastStatus === undefined ? {} : { lastStatus }) };
    });
  };

export const viewOne = async (viewJobs: ViewJobs, job: Job): Promise<JobView> => {
  const [view] = await viewJobs([job]);
  if (view === undefined) {
    throw new Error(`Job ${job.id} has no view`);
  }
  return view;
};
