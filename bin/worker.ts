/** `npm run worker -- --url … --token … --name …`: a worker with the built-in handlers. */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { type BuiltIn, createTextLogger, OptionsError, Worker, type WorkerOptions } from '../lib/worker/index.ts';

const HELP = `Executes the tasks of a Cronsaga control plane.

  CRONSAGA_TOKEN=… npm run worker -- --url ws://127.0.0.1:8080 --name … [options]

  --url URL             WebSocket URL of the control plane (or CRONSAGA_URL)
  --token KEY           API key with the scope workers:connect and the pool; CRONSAGA_TOKEN keeps it out of the process
                        list (npm start leaves one in .cronsaga/worker-key)
  --name NAME           how the worker is shown, and whose undelivered results it resends (default: the host's name)
  --max-tasks N         tasks at a time, 1 to 100 (default 10)
  --pool POOL           the queue that it serves (default "default")
  --tag TAG             repeatable, or separated by commas
  --worker ID           id under which it is registered (default: its name)
  --label NAME=VALUE    what tasks may ask for; repeatable
  --category CODE       category that it serves (default: all), repeatable, or separated by commas; its scripts are run
                        only with --allow shell
  --allow LIST          built-in handlers that tasks may use: shell,http,python (default none)
  --allow-network CIDR  network that http tasks may reach although it is not public, such as 127.0.0.0/8; repeatable
  --http-url URL        base of the HTTP API, for payloads over 24 KB (default: the origin of --url)
  --spool DIRECTORY     where undelivered results wait (default: under the system's temporary directory)
  --help

SIGTERM or Ctrl-C: takes no more tasks, finishes those it has within 60 s, leaves. A second one kills them and leaves.
Exit code: 0 after a drain, 1 when it was ended at once or cannot start, 2 for a wrong option.
`;

const FLAGS: Readonly<Record<string, string>> = {
  maxTasks: '--max-tasks',
  tags: '--tag',
  labels: '--label',
  categories: '--category',
  allowNetwork: '--allow-network',
  spoolDirectory: '--spool',
  httpUrl: '--http-url',
};

function fail(message: string, exitCode: number): never {
  process.stderr.write(`worker: ${message} See --help.\n`);
  process.exit(exitCode);
}

function readLabel(text: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  if (equals === -1) throw new Error(`--label "${text}" must be NAME=VALUE.`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** `undefined` asks for the help text. */
function readOptions(): WorkerOptions | undefined {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    options: {
      url: text,
      token: text,
      name: text,
      'max-tasks': text,
      pool: text,
      tag: list,
      worker: text,
      label: list,
      category: list,
      allow: list,
      'allow-network': list,
      'http-url': text,
      spool: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const split = (given: readonly string[] = []): string[] =>
    given.flatMap((part) => part.split(',')).flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  return {
    url: values.url ?? process.env.CRONSAGA_URL ?? '',
    token: values.token ?? process.env.CRONSAGA_TOKEN ?? '',
    name: values.name ?? hostname(),
    tags: split(values.tag),
    // The worker checks them, and its message names the ones there are.
    allow: split(values.allow) as BuiltIn[],
    allowNetwork: split(values['allow-network']),
    ...(values.worker === undefined ? {} : { worker: values.worker }),
    ...(values.label === undefined ? {} : { labels: Object.fromEntries(values.label.map(readLabel)) }),
    ...(values.category === undefined ? {} : { categories: split(values.category) }),
    ...(values.pool === undefined ? {} : { pool: values.pool }),
    ...(values['max-tasks'] === undefined ? {} : { maxTasks: Number(values['max-tasks']) }),
    ...(values['http-url'] === undefined ? {} : { httpUrl: values['http-url'] }),
    ...(values.spool === undefined ? {} : { spoolDirectory: values.spool }),
    logger: createTextLogger((line) => process.stdout.write(line)),
  };
}

function createWorker(): Worker {
  try {
    const options = readOptions();
    if (options === undefined) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    return new Worker(options);
  } catch (error) {
    if (error instanceof OptionsError) {
      return fail(
        `${error.issues.map(({ option, message }) => `${FLAGS[option] ?? `--${option}`} ${message}`).join('; ')}.`,
        2,
      );
    }
    return fail(error instanceof Error ? error.message : String(error), 2);
  }
}

const worker = createWorker();
let signals = 0;

async function leave(): Promise<void> {
  signals += 1;
  if (signals > 1) await worker.stop();
  else await worker.drain();
  process.exit(signals > 1 ? 1 : 0);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => void leave());

try {
  await worker.start();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error), 1);
}
