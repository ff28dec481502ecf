/** API A's and API B's lists of jobs over DynamoDB Local with as many jobs as one likes, and what a page of them costs. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import type { Item } from '../../lib/adapters/dynamodb/conditional.ts';
import { encodeJob } from '../../lib/adapters/dynamodb/jobs/job-codec.ts';
import { categoryTally, JOB_TALLY, projectTally, tallyKey, wordKey } from '../../lib/adapters/dynamodb/jobs/keys.ts';
import { wordRows } from '../../lib/adapters/dynamodb/jobs/word-rows.ts';
import { encodeRun } from '../../lib/adapters/dynamodb/run-codec.ts';
import { makeRunId } from '../../lib/domain/ids.ts';
import type { Job } from '../../lib/domain/job/job.ts';
import { jobWords } from '../../lib/domain/job/words.ts';
import type { Run } from '../../lib/domain/run.ts';
import type { NamedTemplate } from '../../lib/local/template/resolver.ts';
import { composeEngine } from '../../lib/platform/compose-aws.ts';
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { call } from './http-event.ts';
import { aJob } from './job-rows.ts';
import { createMeter, meterDynamodb } from './meter.ts';
import { readsOf, writesOf } from './meter-bill.ts';
import { createQueueClient, createSchedulerClient, createSocketsClient } from './meter-stand-ins.ts';
import { makeMeterTables, openUnmetered, putRows } from './meter-tables.ts';
import { NOW, runIn } from './rows.ts';
import { bearer, createTestAdmission } from './test-admission.ts';

/** Pages of 50: the request, and the name of its page's items in the answer. */
export const LISTS = {
  'A, newest first': '/api/v1/cronjob/?page_size=50',
  'A, by name': '/api/v1/cronjob/?page_size=50&ordering=name',
  'A, of a project': '/api/v1/cronjob/?page_size=50&project=billing',
  'A, the active': '/api/v1/cronjob/?page_size=50&is_active=true',
  'A, with a word': '/api/v1/cronjob/?page_size=50&search=quarterly',
  'B, newest first': '/api/tasks?size=50',
  'B, the active': '/api/tasks?size=50&status=active',
  'B, with a word': '/api/tasks?size=50&search=quarterly',
} as const;
export type ListName = keyof typeof LISTS;

export type ListCost = {
  readonly items: number;
  /** All that match, as the answer counts them. */
  readonly total: number;
  readonly reads: number;
  readonly writes: number;
};

export type MeteredLists = {
  /** What the page costs, and the one after it: a cursor goes on where the page ended. */
  readonly costOf: (list: ListName) => Promise<readonly [ListCost, ListCost | undefined]>;
  readonly close: () => void;
};

/** As many hold the word, whatever the number of jobs: what a search costs goes by what it finds. */
const WITH_WORD = 50;
/** Jobs that are put in one go. */
const CHUNK = 5_000;
/** Requests under way. */
const LANES = 8;

/** All are active and half are of one project. Each has fired. */
const jobAt = (index: number, step: number): Job => {
  const id = makeRunId(NOW + index, 0.5);
  const holdsWord = index % step === 0 && index / step < WITH_WORD;
  return aJob({
    id,
    name: `job ${String(index).padStart(6, '0')}`,
    project: index % 2 === 0 ? 'billing' : 'shop',
    description: holdsWord ? 'The quarterly closing' : 'A nightly backup',
    last: `${id}.${NOW}`,
    lastFiredAt: NOW,
    fired: 1,
  });
};

const runOf = ({ id }: Job): Run => {
  const { payload: _payload, ...run } = runIn('succeeded', { id: `${id}.${NOW}`, job: id, spec: 1 });
  return run;
};

const inLanes = async (table: Table, rows: readonly Item[]): Promise<void> => {
  const size = Math.ceil(rows.length / LANES);
  await Promise.all(
    Array.from({ length: LANES }, (_, lane) => putRows(table, rows.slice(lane * size, (lane + 1) * size))),
  );
};

const fill = async (count: number, definitions: Table, executions: Table): Promise<void> => {
  const step = Math.max(1, Math.floor(count / WITH_WORD));
  const tallies = new Map<string, Record<string, string | number>>();
  const add = (partition: string, attribute: string, job: Job): void => {
    const key = tallyKey(partition, job.id);
    const name = `${key.pk} ${key.sk}`;
    const row = tallies.get(name) ?? { ...key };
    tallies.set(name, { ...row, [attribute]: Number(row[attribute] ?? 0) + 1 });
  };
  for (let from = 0; from < count; from += CHUNK) {
    const jobs = Array.from({ length: Math.min(CHUNK, count - from) }, (_, at) => jobAt(from + at, step));
    for (const job of jobs) {
      add(JOB_TALLY, job.state, job);
      add(projectTally(job.project), 'jobs', job);
      add(categoryTally(job.category), 'jobs', job);
    }
    // Of the words only those of the few that a search is to find: the others lie beside them, and would cost an hour.
    const words = jobs
      .filter(({ description }) => description.includes('quarterly'))
      .flatMap((job) =>
        [...wordRows(jobWords(job, job.payload ?? ''))].map(([word, shared]) => ({ ...wordKey(word, job.id), shared })),
      );
    await inLanes(definitions, [...jobs.map(encodeJob), ...words]);
    await inLanes(executions, jobs.map(runOf).map(encodeRun));
  }
  await putRows(definitions, [...tallies.values()]);
};

type Page = { readonly next_cursor?: string } & (
  | { readonly results: readonly unknown[]; readonly count: number }
  | { readonly items: readonly unknown[]; readonly total: number }
);

export const openMeteredLists = async (
  jobs: number,
  place: { readonly endpoint: string; readonly templates: readonly NamedTemplate[] },
): Promise<MeteredLists> => {
  const tables = await makeMeterTables(place.endpoint, place.templates);
  const [definitions, executions] = [
    openUnmetered(tables, tables.env.DEFINITIONS_TABLE),
    openUnmetered(tables, tables.env.TABLE_NAME),
  ];
  await fill(jobs, definitions, executions);

  const meter = createMeter();
  const dynamodb = meterDynamodb(meter, new DynamoDBClient(tables.place));
  const logger = createLogger({ level: 'error' });
  const nothing = (): void => undefined;
  const clients = {
    dynamodb,
    sqs: createQueueClient(nothing),
    scheduler: createSchedulerClient(nothing),
    sockets: createSocketsClient(nothing),
  };
  const now = () => NOW;
  const handler = createApiHandler({
    engine: composeEngine(tables.env, logger, { clients, now }),
    // Who is asking costs the same whatever is asked for, and is counted with the runs.
    admission: createTestAdmission(),
    record: async () => undefined,
    webSocketUrl: 'wss://ws.example.com/test',
    logger,
    now,
  });

  const ask = async (target: string): Promise<{ readonly cost: ListCost; readonly cursor?: string }> => {
    meter.reset();
    const { status, text } = await call(handler, `GET ${target}`, bearer('admin-token'));
    if (status !== 200) {
      throw new Error(`${target} was refused: ${status} ${text}`);
    }
    const { data } = JSON.parse(text) as { readonly data: Page };
    const [items, total] = 'results' in data ? [data.results, data.count] : [data.items, data.total];
    const uses = meter.uses();
    return {
      cost: { items: items.length, total, reads: readsOf(uses), writes: writesOf(uses) },
      ...(data.next_cursor === undefined ? {} : { cursor: data.next_cursor }),
    };
  };

  return {
    costOf: async (list) => {
      const { cost, cursor } = await ask(LISTS[list]);
      const next = cursor === undefined ? undefined : await ask(`${LISTS[list]}&cursor=${encodeURIComponent(cursor)}`);
      return [cost, next?.cost];
    },
    close: () => {
      for (const client of [definitions.client, executions.client, ...Object.values(clients)]) {
        client.destroy();
      }
    },
  };
};
