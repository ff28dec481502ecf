import type { Job, JobSpec } from '../../domain/job/job.ts';
import type { Beside } from '../../domain/job/wanted.ts';
import type { Ports } from '../ports/index.ts';

/** Versions that an instance keeps, of those that are not long: 4 MB at the most. */
const KEPT = 500;
const LONGEST_KEPT_CHARS = 8_000;

export type ReadSpec = (job: string, version: number) => Promise<JobSpec>;

/** Versions never change, so an instance keeps what it has read. */
export const createReadSpec = ({ jobs }: Pick<Ports, 'jobs'>): ReadSpec => {
  const kept = new Map<string, JobSpec>();
  return async (job, version) => {
    const key = `${job}.${version}`;
    const found = kept.get(key) ?? (await jobs.getSpec(job, version));
    if (found === undefined) {
      throw new Error(`Job ${job} has no version ${version} of its specification`);
    }
    const chars = found.payload.length + (found.metadata?.length ?? 0);
    if (chars <= LONGEST_KEPT_CHARS && !kept.has(key)) {
      const [oldest] = kept.keys();
      if (kept.size >= KEPT && oldest !== undefined) {
        kept.delete(oldest);
      }
      kept.set(key, found);
    }
    return found;
  };
};

/** The payload and metadata of a job: on its row, or with its version. */
export const readBeside = async (readSpec: ReadSpec, job: Job): Promise<Beside> => {
  if (job.payload !== undefined && !job.hasMetadata) {
    return { payload: job.payload };
  }
  const { payload, metadata } = await readSpec(job.id, job.spec);
  return { payload, ...(metadata === undefined ? {} : { metadata }) };
};
