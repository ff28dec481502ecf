/** The demo: a stack of its own, two workers, a handful of real tasks, and whether each ended as it should. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTextLogger, Worker } from '../../worker/index.ts';
import { createLocalLog } from '../log.ts';
import { startLocalStack } from '../stack.ts';
import type { Screen } from './board.ts';
import { demoCases, hasPython } from './cases.ts';
import { startHookServer } from './hook-server.ts';
import { play } from './play.ts';
import { startWorkerProcess } from './worker-process.ts';

export type DemoOptions = {
  readonly engine: 'aws' | 'memory';
  readonly screen: Screen;
  readonly logFile: string;
  readonly workerLogFile: string;
  /** Ends the demo early. */
  readonly signal: AbortSignal;
};

const STOP_WITHIN_MS = 5_000;

type Connection = { readonly url: string; readonly token: string };

/** A worker as a library: a program of one's own with a handler of its own. */
const startMailer = async (
  { url, token }: Connection,
  sentTo: string[],
  surroundings: { readonly spoolDirectory: string; readonly onOutput: (line: string) => void },
): Promise<Worker> => {
  const { spoolDirectory, onOutput } = surroundings;
  const logger = createTextLogger((line) => onOutput(line.trimEnd()));
  const mailer = new Worker({ url, token, name: 'mailer', spoolDirectory, logger }).handle(
    'send_email',
    (task, context) => {
      const { to, subject } = task.payload as { readonly to: string; readonly subject: string };
      context.log(`sending "${subject}"`);
      sentTo.push(to);
      return `sent to ${to}`;
    },
  );
  await mailer.start();
  return mailer;
};

/** @returns whether every task ended as it should */
export const runDemo = async (options: DemoOptions): Promise<boolean> => {
  const { engine, screen, logFile, workerLogFile, signal } = options;
  const stops: (() => Promise<unknown>)[] = [];
  const drainMs = (): number => (signal.aborted ? 0 : STOP_WITHIN_MS);
  const startedAt = performance.now();
  screen.write(`Starting Cronsaga (engine ${engine}) on free ports …\n`);
  try {
    const directory = await mkdtemp(join(tmpdir(), 'cronsaga-demo-'));
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const stack = await startLocalStack({ port: 0, engine, worker: false, log: { file: logFile } });
    stops.push(() => stack.stop(drainMs()));
    const readyMs = performance.now() - startedAt;
    const hook = await startHookServer();
    stops.push(hook.close);
    const workerLog = createLocalLog({ file: workerLogFile });
    stops.push(workerLog.close);

    const connection = { url: stack.wsUrl, token: stack.workerKey };
    const worker = startWorkerProcess({
      ...connection,
      onOutput: (line) => workerLog.take('demo', line),
      args: [
        ...['--name', 'demo', '--spool', join(directory, 'spool-demo')],
        ...['--allow', 'shell,http,python', '--allow-network', '127.0.0.0/8'],
      ],
    });
    stops.push(() => worker.stop(drainMs()));
    const sentTo: string[] = [];
    const mailer = await startMailer(connection, sentTo, {
      spoolDirectory: join(directory, 'spool-mailer'),
      onOutput: (line) => workerLog.take('mailer', line),
    });
    stops.push(() => mailer.drain(drainMs()));

    const python = hasPython();
    screen.write(`Stack     ${stack.url}, ready in ${(readyMs / 1_000).toFixed(1)} s; it logs to ${logFile}\n`);
    screen.write('Workers   "demo", a process (shell, http, python), and "mailer", in this program (send_email)\n');
    screen.write(python ? '\n' : 'Left out  the python task: there is no python3 here\n\n');
    const cases = demoCases({ directory, hookUrl: hook.url, hookBodies: hook.bodies, sentTo }, python);
    return await play({ url: stack.url, cases, screen, signal });
  } finally {
    for (const stop of stops.reverse()) {
      await stop();
    }
  }
};
