/** The demo's tasks, each with what must come of it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Task } from '../../contracts/http/task.ts';
import { firstStartOf } from './task-client.ts';

/** Something that must hold of an ended task. `actual` is shown when it does not. */
export type Expectation = { readonly what: string; readonly holds: boolean; readonly actual: string };

export type DemoCase = {
  readonly name: string;
  readonly type: string;
  readonly payload: unknown;
  /** How far ahead it is scheduled. */
  readonly inMs: number;
  readonly maxAttempts?: number;
  /** A running task for which this holds is cancelled. */
  readonly cancelWhen?: (task: Task) => boolean;
  readonly expect: (task: Task) => readonly Expectation[];
  /** What the ended task came to, in a few words. */
  readonly shows: (task: Task) => string;
};

/** What the demo can look at besides the tasks themselves. */
export type DemoWorld = {
  readonly directory: string;
  /** Address of the demo's own HTTP server, and the bodies that it was sent. */
  readonly hookUrl: string;
  readonly hookBodies: readonly string[];
  /** Recipients to whom the `send_email` handler of this program "sent". */
  readonly sentTo: readonly string[];
};

const check = (what: string, actual: unknown, holds: boolean): Expectation => ({
  what,
  holds,
  actual: typeof actual === 'string' ? actual : actual === undefined ? 'absent' : JSON.stringify(actual),
});

const ended = (task: Task, status: Task['status'], attempts: number): readonly Expectation[] => [
  check(`status is ${status}`, task.status, task.status === status),
  check(`attempts are ${attempts}`, task.attempts, task.attempts === attempts),
];

const firstLine = (text = ''): string => text.trim().split('\n')[0] ?? '';

/** An instant must lie in the future when the request is read: so "now" is this far ahead. */
const DUE_NOW_MS = 150;
/** The others follow one by one, so that what is seen of each is its own doing. */
const STEP_MS = 300;

/** The processes of the cancelled task: the shell is the leader of their group, and writes its id. */
const groupFile = ({ directory }: DemoWorld): string => join(directory, 'group');

/** Dead processes that init has not collected yet still take signals: they are told from living ones by their state. */
const groupIsGone = (world: DemoWorld): boolean => {
  const group = existsSync(groupFile(world)) ? readFileSync(groupFile(world), 'utf8').trim() : '';
  const { error, stdout } = spawnSync('ps', ['-A', '-o', 'pgid=,stat='], { encoding: 'utf8' });
  if (group === '' || error) {
    return false;
  }
  return !stdout.split('\n').some((line) => {
    const [pgid, state = ''] = line.trim().split(/\s+/);
    return pgid === group && !state.startsWith('Z');
  });
};

export const hasPython = (): boolean => spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0;

const shellCases = (world: DemoWorld): readonly DemoCase[] => [
  {
    name: 'due now',
    type: 'shell',
    payload: { command: 'echo "hello from $(uname -s)"' },
    inMs: DUE_NOW_MS,
    expect: (task) => [
      ...ended(task, 'completed', 1),
      check('output begins with "hello from"', task.output, task.output?.startsWith('hello from') === true),
    ],
    shows: ({ output }) => firstLine(output),
  },
  {
    name: 'in 3 s',
    type: 'shell',
    payload: { command: 'echo "just in time"' },
    inMs: 3_000,
    expect: (task) => [
      ...ended(task, 'completed', 1),
      check('it did not start early', task.started_at, (firstStartOf(task) ?? 0) >= Date.parse(task.execute_at)),
    ],
    shows: ({ output }) => firstLine(output),
  },
  {
    name: 'fails twice, then succeeds',
    type: 'shell',
    payload: {
      command:
        'test "$CRONSAGA_ATTEMPT" -ge 3 || { echo "not at attempt $CRONSAGA_ATTEMPT" >&2; exit 1; }; echo "at last"',
    },
    inMs: 2 * STEP_MS,
    maxAttempts: 5,
    expect: (task) => [
      ...ended(task, 'completed', 3),
      check(
        'its history is failed, failed, succeeded',
        task.attempt_history?.map(({ outcome }) => outcome),
        task.attempt_history?.map(({ outcome }) => outcome).join() === 'failed,failed,succeeded',
      ),
    ],
    shows: ({ output }) => firstLine(output),
  },
  {
    name: 'exhausts its tries',
    type: 'shell',
    payload: { command: 'echo "the disk is full" >&2; exit 7' },
    inMs: 3 * STEP_MS,
    maxAttempts: 2,
    expect: (task) => [
      ...ended(task, 'failed', 2),
      check('exit code is 7', task.exit_code, task.exit_code === 7),
      check('the error is kept', task.error_message, task.error_message?.includes('the disk is full') === true),
    ],
    shows: ({ exit_code, error_message }) => `exit code ${exit_code}: ${firstLine(error_message)}`,
  },
  {
    name: 'cancelled while it runs',
    type: 'shell',
    payload: { command: `echo $$ > '${groupFile(world)}'; sleep 300 & sleep 300` },
    inMs: 4 * STEP_MS,
    cancelWhen: ({ status, started_at }) => status === 'processing' && started_at !== undefined,
    expect: (task) => [
      ...ended(task, 'cancelled', 1),
      check('the worker saw it exit', task.evidence?.state, task.evidence?.state === 'exited'),
      check('SIGTERM ended it', task.evidence?.signal, task.evidence?.signal === 'SIGTERM'),
      check('none of its processes is left', 'some still run', groupIsGone(world)),
    ],
    shows: ({ evidence }) =>
      evidence?.state === 'exited'
        ? `evidence: exited, ${evidence.signal ?? `exit code ${evidence.exit_code}`}`
        : `evidence: ${evidence?.state}`,
  },
];

const pythonCase: DemoCase = {
  name: 'python',
  type: 'python',
  payload: { command: 'import sys; print(sum(map(int, sys.argv[1:])))', arguments: ['20', '22'] },
  inMs: 6 * STEP_MS,
  expect: (task) => [...ended(task, 'completed', 1), check('output is 42', task.output, task.output?.trim() === '42')],
  shows: ({ output }) => `20 + 22 = ${firstLine(output)}`,
};

/** The cases, without python where there is none. */
export const demoCases = (world: DemoWorld, python: boolean): readonly DemoCase[] => [
  ...shellCases(world),
  {
    name: 'calls an HTTP server',
    type: 'http',
    payload: { url: world.hookUrl, method: 'POST', body: '{"order":17}' },
    inMs: 5 * STEP_MS,
    expect: (task) => [
      ...ended(task, 'completed', 1),
      check('the exit code is HTTP 200', task.exit_code, task.exit_code === 200),
      check('the server was called once', world.hookBodies, world.hookBodies.join() === '{"order":17}'),
    ],
    shows: ({ exit_code, output }) => `HTTP ${exit_code}: ${firstLine(output)}`,
  },
  ...(python ? [pythonCase] : []),
  {
    name: "a program's own handler",
    type: 'send_email',
    payload: { to: 'ada@example.com', subject: 'Reminder' },
    inMs: 7 * STEP_MS,
    expect: (task) => [
      ...ended(task, 'completed', 1),
      check('one mail was sent', world.sentTo, world.sentTo.join() === 'ada@example.com'),
    ],
    shows: ({ output }) => firstLine(output),
  },
];
