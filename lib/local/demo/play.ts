/** Submits the demo's tasks, shows them as they go, and judges how they ended. */
import type { Task } from '../../contracts/http/task.ts';
import { pause } from '../pause.ts';
import { createBoard, latenessOf, PUNCTUAL_MS, type Row, type Screen } from './board.ts';
import type { DemoCase } from './cases.ts';
import { createTaskClient, TaskApiError, type TaskClient } from './task-client.ts';

/** Often enough to be live, seldom enough not to be what makes the tasks late. */
const POLL_MS = 200;
/** Two retries wait up to 1 s and 2 s, the cancelled task is seen running after 2 s: the rest is for a slow machine. */
const ALL_OVER_WITHIN_MS = 60_000;
const WARM_WITHIN_MS = 20_000;

const isOver = ({ status, evidence }: Task): boolean =>
  status === 'completed' || status === 'failed' || (status === 'cancelled' && evidence?.state !== 'pending');

/** The first task pays for whatever is done only once, and its end proves that a worker is there. */
const warmUp = async (client: TaskClient, signal: AbortSignal): Promise<void> => {
  const deadline = Date.now() + WARM_WITHIN_MS;
  const { id } = await client.create({ executeAt: Date.now() + 2_500, type: 'shell', payload: { command: 'true' } });
  while ((await client.get(id)).status !== 'completed') {
    if (Date.now() > deadline) {
      throw new Error(`No worker has executed a first task within ${WARM_WITHIN_MS / 1_000} s`);
    }
    signal.throwIfAborted();
    await pause(POLL_MS, signal);
  }
};

const SUBMISSIONS = 3;

/** On a busy machine "now" may be over when the request is read: then it is submitted anew. */
const submit = async (client: TaskClient, demo: DemoCase): Promise<Row> => {
  const { type, payload, inMs, maxAttempts } = demo;
  const tries = maxAttempts === undefined ? {} : { maxAttempts };
  for (let submission = 1; ; submission += 1) {
    try {
      return { demo, task: await client.create({ executeAt: Date.now() + inMs, type, payload, ...tries }) };
    } catch (error) {
      const wasTooLate = error instanceof TaskApiError && error.message.includes('must be in the future');
      if (!wasTooLate || submission === SUBMISSIONS) {
        throw error;
      }
    }
  }
};

/** Reads the tasks until all are over, cancels the one that is to be, and shows every change. */
const watch = async (
  client: TaskClient,
  submitted: readonly Row[],
  show: (rows: readonly Row[]) => void,
  signal: AbortSignal,
): Promise<readonly Row[]> => {
  const deadline = Date.now() + ALL_OVER_WITHIN_MS;
  const cancelled = new Set<number>();
  for (;;) {
    const { tasks } = await client.list({ limit: 100 });
    const rows = submitted.map(({ demo, task }) => ({ demo, task: tasks.find(({ id }) => id === task.id) ?? task }));
    show(rows);
    if (rows.every(({ task }) => isOver(task)) || Date.now() > deadline) {
      return rows;
    }
    for (const { demo, task } of rows) {
      if (demo.cancelWhen?.(task) && !cancelled.has(task.id)) {
        cancelled.add(task.id);
        await client.cancel(task.id);
      }
    }
    signal.throwIfAborted();
    await pause(POLL_MS, signal);
  }
};

const startsText = (tasks: readonly Task[]): string => {
  const late = tasks.flatMap((task) => latenessOf(task) ?? []);
  if (late.length === 0) {
    return 'Starts    none was seen\n';
  }
  const [median = 0] = late.toSorted((a, b) => a - b).slice(Math.floor((late.length - 1) / 2));
  const behind = late.filter((ms) => ms > PUNCTUAL_MS).length;
  const judged =
    behind === 0
      ? `all within ${PUNCTUAL_MS} ms of the due time`
      : `${behind} more than ${PUNCTUAL_MS} ms behind the due time (!): is this machine busy?`;
  return `Starts    ${late.length} first starts, median ${median} ms late, the latest ${Math.max(...late)} ms: ${judged}\n`;
};

const evidenceText = (rows: readonly Row[]): string =>
  rows
    .flatMap(({ demo, task }) => (demo.cancelWhen && task.evidence ? [task] : []))
    .map(({ evidence, worker }) => {
      const how = evidence?.signal === undefined ? 'exit' : `end by ${evidence.signal}`;
      return evidence?.state === 'exited'
        ? `Cancelled worker "${worker}" saw the shell and its two children ${how}\n`
        : `Cancelled evidence is "${evidence?.state}": nobody saw its processes end\n`;
    })
    .join('');

/** What differs from what was expected, a line each. */
const differences = (rows: readonly Row[]): readonly string[] =>
  rows.flatMap(({ demo, task }) =>
    demo
      .expect(task)
      .filter(({ holds }) => !holds)
      .map(({ what, actual }) => `${demo.name}: expected that ${what}; seen: ${actual}`),
  );

/** @returns whether every task ended as it should */
export const play = async (options: {
  readonly url: string;
  readonly cases: readonly DemoCase[];
  readonly screen: Screen;
  readonly signal: AbortSignal;
}): Promise<boolean> => {
  const { url, cases, screen, signal } = options;
  const client = createTaskClient(url);
  await warmUp(client, signal);
  const board = createBoard(screen);
  const submitted: Row[] = [];
  for (const demo of cases) {
    submitted.push(await submit(client, demo));
    board.update(submitted);
  }
  const rows = await watch(client, submitted, board.update, signal);
  board.finish(rows);
  screen.write(`\n${startsText(rows.map(({ task }) => task))}${evidenceText(rows)}`);
  const wrong = differences(rows);
  const right = rows.filter((row) => differences([row]).length === 0).length;
  screen.write(`Result    ${right} of ${rows.length} tasks ended as they should\n`);
  for (const difference of wrong) {
    screen.write(`          ${difference}\n`);
  }
  return wrong.length === 0;
};
