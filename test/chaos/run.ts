/**
 * `npm run test:chaos`: 2,000 tasks due in the same second, on ten worker processes of which two are killed with SIGKILL
 * while each of them holds at least five runs, one has its sockets cut, and one gets and sends every frame twice. Every
 * task must be completed by exactly one accepted result, and nothing may be left behind. Exit code 1 when not.
 *
 * A session is lost after 45 s of silence, so a run takes two minutes or so.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { TASK_STATUSES, type Task } from '../../lib/contracts/http/task.ts';
import { createTaskClient, type TaskClient } from '../../lib/local/demo/task-client.ts';
import { type LocalStack, REPOSITORY, startLocalStack } from '../../lib/local/stack.ts';
import { familyOf, type Running, stillRunning } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { account, openRuns } from './account.ts';
import { type Crew, CUT, DOUBLED, SLOTS, startCrew, VICTIMS, WORKERS } from './crew.ts';
import { chooseDueSecond, doubleAlarms, submitTasks } from './submit.ts';

const TASKS = 2_000;
/** Tasks whose alarm is delivered twice. */
const DOUBLE_ALARMS = 200;
/** Runs that a victim holds at least when it is killed. */
const LEAST_HELD = 5;
const HANDLER = 'chaos';
const FILLED_WITHIN_MS = 120_000;
const COMPLETED_WITHIN_MS = 300_000;
/** Totals follow the table's stream; they may lag by 5 s, and by more on a machine that has been kept this busy. */
const COUNTED_WITHIN_MS = 30_000;
const GONE_WITHIN_MS = 15_000;
const SAY_EVERY_MS = 5_000;
const VIOLATIONS_SHOWN = 20;
const LOG_FILE = join(REPOSITORY, 'logs', 'chaos.log');

const violations: string[] = [];
const startedAt = performance.now();

const say = (text: string): void => {
  process.stdout.write(`${`${((performance.now() - startedAt) / 1_000).toFixed(1)} s`.padStart(8)}  ${text}\n`);
};

const sayCount = (count: number, what: string): void => {
  process.stdout.write(`${String(count).padStart(10)}  ${what}\n`);
};

const createAll = async (client: TaskClient, stack: LocalStack): Promise<readonly number[]> => {
  const dueAt = await chooseDueSecond(client, HANDLER, TASKS);
  const created = await submitTasks(client, HANDLER, TASKS, dueAt);
  const left = (dueAt - Date.now()) / 1_000;
  say(
    `${created.length} tasks created, all due at ${new Date(dueAt).toISOString().slice(11, 19)}, in ${left.toFixed(1)} s`,
  );
  if (left < 0) {
    violations.push('the tasks were not all created before they were due: this machine is too busy');
  }
  await doubleAlarms(stack, created.slice(0, DOUBLE_ALARMS), dueAt);
  await until('due second', () => (Date.now() >= dueAt ? true : undefined), dueAt - Date.now() + 5_000);
  return created;
};

const killVictims = async ({ workers }: Crew): Promise<void> => {
  const victims = workers.filter(({ name }) => VICTIMS.includes(name));
  await Promise.all(
    victims.map(async (victim) => {
      const isBusy = (): true | undefined => (openRuns(victim.effects()) >= LEAST_HELD ? true : undefined);
      await until(`${LEAST_HELD} runs on ${victim.name}`, isBusy, FILLED_WITHIN_MS);
      await victim.kill();
      // It writes nothing any more: these it had begun and will never end.
      const held = openRuns(victim.effects());
      say(`${victim.name} killed with SIGKILL while it held ${held} runs`);
      if (held < LEAST_HELD) {
        violations.push(`${victim.name} held only ${held} runs when it was killed`);
      }
    }),
  );
};

const totalOf = async (client: TaskClient, status: Task['status']): Promise<number> =>
  (await client.list({ status, limit: 1 })).total;

const waitForAll = async (client: TaskClient): Promise<void> => {
  let saidAt = 0;
  const look = async (): Promise<true | undefined> => {
    const completed = await totalOf(client, 'completed');
    if (completed >= TASKS) {
      return true;
    }
    if (performance.now() - saidAt > SAY_EVERY_MS) {
      saidAt = performance.now();
      say(`${completed} of ${TASKS} completed`);
    }
    return undefined;
  };
  await until(`completion of ${TASKS} tasks`, look, COMPLETED_WITHIN_MS).then(
    () => say(`${TASKS} of ${TASKS} completed`),
    (error: unknown) => violations.push(String(error)),
  );
};

const listAll = async (client: TaskClient): Promise<readonly Task[]> => {
  const tasks: Task[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    tasks.push(...page.tasks);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tasks;
};

/** The totals that are kept beside the tasks must come to what counting them gives. */
const checkTotals = async (client: TaskClient, listed: readonly Task[]): Promise<void> => {
  for (const status of TASK_STATUSES) {
    const counted = listed.filter((task) => task.status === status).length;
    let total = 0;
    const agrees = async (): Promise<true | undefined> => {
      total = await totalOf(client, status);
      return total === counted ? true : undefined;
    };
    await until(`total of ${status}`, agrees, COUNTED_WITHIN_MS).catch(() =>
      violations.push(`total of ${status} is ${total}, counted are ${counted}`),
    );
    sayCount(total, `total of status=${status} (the trial's tasks are cancelled)`);
  }
};

const play = async (stack: LocalStack, crew: Crew): Promise<void> => {
  const client = createTaskClient(stack.url);
  const created = await createAll(client, stack);
  crew.beginToCut();
  await killVictims(crew);
  await waitForAll(client);

  const listed = await listAll(client);
  const books = account({ created, listed, workers: crew.workers, killed: new Set(VICTIMS) });
  violations.push(...books.violations);
  process.stdout.write('\n');
  for (const [what, count] of Object.entries(books.counts)) {
    sayCount(count, what);
  }
  sayCount(crew.cuts(), `times the sockets of ${CUT} were cut`);
  sayCount(crew.doubledFrames(), `frames doubled between ${DOUBLED} and the control plane`);
  sayCount(DOUBLE_ALARMS, 'alarms delivered twice');
  await checkTotals(client, listed);
};

const directory = mkdtempSync(join(tmpdir(), 'cronsaga-chaos-'));
let family: readonly Running[] = [];
const stack = await startLocalStack({ port: 0, engine: 'aws', worker: false, log: { file: LOG_FILE } });
try {
  say(`stack ready at ${stack.url}, it logs to ${relative(process.cwd(), LOG_FILE)}`);
  const crew = await startCrew(stack, HANDLER, directory);
  say(
    `${WORKERS} workers connected, ${SLOTS} slots each: ${CUT} loses its sockets, ${DOUBLED} has every frame doubled`,
  );
  try {
    family = familyOf(process.pid).filter(({ pid }) => pid !== process.pid);
    await play(stack, crew);
  } finally {
    await crew.stop();
  }
} catch (error) {
  violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  await stack.stop();
  rmSync(directory, { recursive: true, force: true });
}
const areGone = (): true | undefined => (stillRunning(family).length === 0 ? true : undefined);
await until('end of every process', areGone, GONE_WITHIN_MS).catch(() =>
  violations.push(`left behind: ${stillRunning(family).map(({ pid, args }) => `${pid} ${args}`)}`),
);
sayCount(stillRunning(family).length, `of ${family.length} processes left behind`);

process.stdout.write(violations.length === 0 ? '\nEverything held.\n' : `\n${violations.length} violations:\n`);
for (const violation of violations.slice(0, VIOLATIONS_SHOWN)) {
  process.stdout.write(`  ${violation}\n`);
}
if (violations.length > VIOLATIONS_SHOWN) {
  process.stdout.write(`  and ${violations.length - VIOLATIONS_SHOWN} more\n`);
}
process.exit(violations.length === 0 ? 0 : 1);
