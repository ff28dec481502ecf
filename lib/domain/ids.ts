/**
 * Run ids, in three forms.
 *
 * A *plain* run (somebody submitted it) has a whole number of 53 bits, ordered by creation time and safe in JSON: 41 bits
 * of milliseconds since 2024-01-01 (enough until 2093), then 12 bits of chance. Two runs of one millisecond may draw the
 * same number: creation is conditional on the row not existing, and its caller draws again. Jobs, users and keys have ids
 * of this form too.
 *
 * A run *of a job* is named after what it is: `<job id>.<instant in epoch ms>`, and for one of a broadcast
 * `<job id>.<instant>.<index>`. Whoever creates the same occurrence twice meets the row of the first. Occurrences of a
 * schedule are whole seconds; what a person starts gets an instant that is none, so the two never meet.
 *
 * A run *of a step* of a saga is named after what it is, too: `<saga>~<step>~<n>` is the n-th run of the step, and
 * `<saga>~<step>~c<n>` the n-th run of its undo, both from 1. Whoever carries out a decision of the saga again meets the run
 * of the first time.
 *
 * An id alone is an address: it says in which shard of the executions table its row lies, and where in creation order.
 */

const EPOCH_MS = Date.UTC(2024, 0, 1);
const CHANCE_BITS = 12;
const CHANCE_SPACE = 2 ** CHANCE_BITS;

/** Shards of the rows of plain runs, and of those of jobs. One partition of DynamoDB takes 1,000 writes/s; a run costs two or three. */
export const RUN_SHARDS = 16;

/** The first instant that a run of a job may have: rows are ordered by the time since then. */
export const FIRST_INSTANT_MS = EPOCH_MS;

/**
 * @param now epoch milliseconds
 * @param chance uniform in [0, 1)
 */
export const makeRunId = (now: number, chance: number): string =>
  String((now - EPOCH_MS) * CHANCE_SPACE + Math.floor(chance * CHANCE_SPACE));

/** A decimal number from 1 to 2^53 − 1 in its canonical form: anything else was never a plain id. */
export const isPlainId = (text: string): boolean => /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text));

/** A run of a job, taken apart. */
export type JobRunId = { readonly job: string; readonly instant: number; readonly index?: number };

/** @param index place in a broadcast, from 0 */
export const makeJobRunId = ({ job, instant, index }: JobRunId): string =>
  index === undefined ? `${job}.${instant}` : `${job}.${instant}.${index}`;

const JOB_RUN = /^[1-9]\d{0,15}\.[1-9]\d{12,14}(\.(0|[1-9]\d{0,2}))?$/;

export const parseJobRunId = (id: string): JobRunId | undefined => {
  const [job, instant, index] = id.split('.') as [string, string, string?];
  if (!JOB_RUN.test(id) || !isPlainId(job) || Number(instant) < EPOCH_MS) {
    return undefined;
  }
  return { job, instant: Number(instant), ...(index === undefined ? {} : { index: Number(index) }) };
};

/** A run of a step, taken apart. */
export type StepRunId = {
  /** The saga's number, a plain id. */
  readonly saga: string;
  readonly step: string;
  /** It undoes what the step did. */
  readonly undo: boolean;
  /** From 1, counted apart for the step and its undo. */
  readonly n: number;
};

export const makeStepRunId = ({ saga, step, undo, n }: StepRunId): string => `${saga}~${step}~${undo ? 'c' : ''}${n}`;

const STEP_RUN = /^([1-9]\d{0,15})~([A-Za-z0-9_-]{1,50})~(c?)([1-9]\d{0,5})$/;

export const parseStepRunId = (id: string): StepRunId | undefined => {
  const [, saga = '', step = '', undo, n] = STEP_RUN.exec(id) ?? [];
  return isPlainId(saga) ? { saga, step, undo: undo === 'c', n: Number(n) } : undefined;
};

/** The id of a run that lists show and that a person may name on its own. That of a step belongs to its saga. */
export const isRunId = (text: string): boolean => isPlainId(text) || parseJobRunId(text) !== undefined;

/** The runs of jobs have shards of their own, those of steps a partition for each saga: no list wades through the others. */
export const RUN_FAMILIES = ['plain', 'job', 'step'] as const;
export type RunFamily = (typeof RUN_FAMILIES)[number];

/** Those that lists and totals show: the runs of a step are shown with its saga. */
export const LISTED_FAMILIES = ['plain', 'job'] as const satisfies readonly RunFamily[];
export type ListedFamily = (typeof LISTED_FAMILIES)[number];

export const runFamily = (id: string): RunFamily => {
  if (id.includes('~')) {
    return 'step';
  }
  return id.includes('.') ? 'job' : 'plain';
};

const DAY_MS = 24 * 60 * 60_000;
/** A saga that fails may wait for a person, and then needs the outputs of its steps. While it does, they are put off again. */
export const STEP_KEPT_MS = 90 * DAY_MS;

/** How long the finished run of this id is kept. */
export const keptFor = (id: string, retentionMs: number): number =>
  runFamily(id) === 'step' ? retentionMs + STEP_KEPT_MS : retentionMs;

/** Runs of one job share a shard, so that one query lists them; those of one saga are together anyhow. */
export const runShard = (id: string): number => Number(id.split(/[.~]/, 1)[0]) % RUN_SHARDS;

/** Digits of 2^53 − 1: padded numbers sort as numbers do. */
const ID_DIGITS = 16;
const INDEX_DIGITS = 3;
const pad = (value: string | number, digits: number): string => String(value).padStart(digits, '0');

/**
 * Text whose order is that of creation (of a job's run: of its instant; of a step's: of its saga), over all forms.
 * `<16 digits>`, `<16 digits of the instant>.<job>[.<3 digits of the index>]` or `<16 digits of the saga>~<step>~<n>`.
 */
export const runOrder = (id: string): string => {
  const ofStep = id.indexOf('~');
  if (ofStep !== -1) {
    return pad(id.slice(0, ofStep), ID_DIGITS) + id.slice(ofStep);
  }
  const ofJob = parseJobRunId(id);
  if (ofJob === undefined) {
    return pad(id, ID_DIGITS);
  }
  const { job, instant, index } = ofJob;
  const place = pad((instant - EPOCH_MS) * CHANCE_SPACE, ID_DIGITS);
  return index === undefined ? `${place}.${job}` : `${place}.${job}.${pad(index, INDEX_DIGITS)}`;
};

/** The id that {@link runOrder} was made of. */
export const runIdOfOrder = (order: string): string => {
  if (order.includes('~')) {
    return order.replace(/^0+/, '');
  }
  const [place, job, index] = order.split('.') as [string, string?, string?];
  if (job === undefined) {
    return place.replace(/^0+/, '');
  }
  const instant = Number(place) / CHANCE_SPACE + EPOCH_MS;
  return makeJobRunId({ job, instant, ...(index === undefined ? {} : { index: Number(index) }) });
};

/** By creation, oldest first. */
export const compareRunIds = (a: string, b: string): number => {
  const [first, second] = [runOrder(a), runOrder(b)];
  return first < second ? -1 : first > second ? 1 : 0;
};
