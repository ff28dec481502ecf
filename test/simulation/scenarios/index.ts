import type { Scenario } from '../execution.ts';
import { ACCESS } from './access.ts';
import { chaos } from './chaos.ts';
import { DESK } from './desk.ts';
import { EDGES, RARE } from './edges.ts';
import { jobChaos } from './job-chaos.ts';
import { AGED, JOB_EDGES } from './job-edges.ts';
import { JOBS } from './jobs.ts';
import { LATE, LONG } from './late.ts';
import { LOSSES } from './losses.ts';
import { PLAIN } from './plain.ts';
import { RACES } from './races.ts';
import { sagaChaos } from './saga-chaos.ts';
import { SAGA_EDGES, SAGA_RARE } from './saga-edges.ts';
import { SAGAS } from './sagas.ts';
import { LOAD, SLOTS } from './slots.ts';

/** Those whose every place is tried, one fault at a time. */
export const STORIES: readonly Scenario[] = [
  ...PLAIN,
  ...RACES,
  ...LOSSES,
  ...EDGES,
  ...SLOTS,
  ...LATE,
  ...ACCESS,
  ...JOBS,
  ...JOB_EDGES,
  ...DESK,
  ...SAGAS,
  ...SAGA_EDGES,
];
/** Long ones, for chance alone. */
export const SCENARIOS: readonly Scenario[] = [
  ...STORIES,
  ...RARE,
  ...LONG,
  ...LOAD,
  ...AGED,
  ...SAGA_RARE,
  chaos,
  jobChaos,
  sagaChaos,
];
