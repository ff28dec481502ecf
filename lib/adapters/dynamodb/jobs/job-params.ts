/** What is sent to DynamoDB for a job: pure, so that the conditions can be read, reviewed and tested without a client. */
import type { Gap, Job, JobSpec } from '../../../domain/job/job.ts';
import { type Action, type Actions, addItem } from '../actions.ts';
import type { Item } from '../conditional.ts';
import type { Key } from '../keys.ts';
import { addTo, nameActions, replaceRow } from '../versioned.ts';
import { encodeJob, encodeJobFields } from './job-codec.ts';
import {
  categoryTally,
  gapKey,
  JOB_TALLY,
  jobKey,
  jobNameKey,
  projectTally,
  specKey,
  tallyKey,
  wordKey,
} from './keys.ts';
import { wordRows } from './word-rows.ts';

/** A job with the words that it is found by. */
export type Worded = { readonly job: Job; readonly words: readonly string[] };

const isKept = ({ state }: Job): boolean => state !== 'deleted';
const nameKeyOf = (job: Job | undefined): Key | undefined =>
  job !== undefined && isKept(job) ? jobNameKey(job) : undefined;

/** Puts what no other write ever puts otherwise: unconditional, because the row's condition stands for all. */
const putItem = (TableName: string, item: Item): Action => ({ Put: { TableName, Item: { ...item } } });

/** The counters that a job is in: partition and attribute. */
const talliesOf = (job: Job): readonly string[] => [
  JSON.stringify([JOB_TALLY, job.state]),
  ...(isKept(job)
    ? [
        [projectTally(job.project), 'jobs'],
        [categoryTally(job.category), 'jobs'],
      ].map((counter) => JSON.stringify(counter))
    : []),
];

const tallyActions = (before: Job | undefined, after: Job, TableName: string): Actions => {
  const [old, current] = [new Set(before === undefined ? [] : talliesOf(before)), new Set(talliesOf(after))];
  const deltas = new Map<string, Record<string, number>>();
  for (const [counters, by] of [
    [[...current].filter((counter) => !old.has(counter)), 1],
    [[...old].filter((counter) => !current.has(counter)), -1],
  ] as const) {
    for (const counter of counters) {
      const [partition, attribute] = JSON.parse(counter) as readonly [string, string];
      deltas.set(partition, { ...deltas.get(partition), [attribute]: by });
    }
  }
  return Object.fromEntries(
    [...deltas].map(([partition, counts]) => [
      `tally ${partition}`,
      addTo(TableName, tallyKey(partition, after.id), counts),
    ]),
  );
};

const wordActions = (id: string, before: readonly string[], after: readonly string[], TableName: string): Actions => {
  const [old, current] = [wordRows(before), wordRows(after)];
  const gone = [...old.keys()].filter((word) => !current.has(word));
  const put = [...current].filter(([word, shared]) => old.get(word) !== shared);
  return Object.fromEntries([
    ...gone.map((word) => [`forget ${word}`, { Delete: { TableName, Key: wordKey(word, id) } }] as const),
    ...put.map(([word, shared]) => [`word ${word}`, putItem(TableName, { ...wordKey(word, id), shared })] as const),
  ]);
};

type Also = { readonly spec?: JobSpec; readonly gap?: Gap };

/** All that is written beside the row: nothing, where only the chain moved on. */
const besideActions = (before: Worded | undefined, after: Worded, { spec, gap }: Also, tableName: string): Actions => {
  const { job, words } = after;
  return {
    ...nameActions(tableName, job.id, nameKeyOf(before?.job), nameKeyOf(job)),
    ...tallyActions(before?.job, job, tableName),
    ...wordActions(job.id, before?.words ?? [], words, tableName),
    ...(spec && { spec: putItem(tableName, { ...specKey(job.id, job.spec), ...spec }) }),
    ...(gap && { gap: putItem(tableName, { ...gapKey(job.id, gap), ...gap }) }),
  };
};

export const createJobActions = (job: Worded, spec: JobSpec, op: string, tableName: string): Actions => ({
  row: addItem(tableName, { ...encodeJob(job.job), op }),
  ...besideActions(undefined, job, { spec }, tableName),
});

/** A fire changes the row alone, and in it nothing that an index is made of: one write unit (of a row below 1 KB). */
export const writeJobActions = (before: Worded, after: Worded, also: Also, op: string, tableName: string): Actions => {
  const [old, current] = [encodeJobFields(before.job), encodeJobFields(after.job)];
  const change = { before: old, after: current, seen: before.job.version, op };
  return {
    row: replaceRow(tableName, jobKey(after.job.id), change),
    ...besideActions(before, after, also, tableName),
  };
};
