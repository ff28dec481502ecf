import type { WhyRun } from '../../domain/fleet/why.ts';
import type { WhyJob } from '../../domain/job/why.ts';

/** Undefined: there is no such run. */
export type ExplainRun = (id: string) => Promise<WhyRun | undefined>;
/** Undefined: there is no such job. */
export type ExplainJob = (id: string) => Promise<WhyJob | undefined>;
