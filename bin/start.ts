/** `npm start`: the whole application on this machine. */
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { banner } from '../lib/local/banner.ts';
import { writeKeyFile } from '../lib/local/key-file.ts';
import { PreflightError } from '../lib/local/preflight.ts';
import { type LocalStack, type LocalStackOptions, REPOSITORY, STATE_DIR, startLocalStack } from '../lib/local/stack.ts';

const HELP = `Runs Cronsaga on this machine: http://127.0.0.1:8080

  npm start -- [options]

  --port N         port of the HTTP and WebSocket APIs (default 8080, or API_PORT)
  --engine NAME    aws: DynamoDB Local (Java 17), SQS and schedules are emulated (default)
                   memory: everything in one process, no Java
  --no-worker      without the worker "local"
  --help

CRONSAGA_ADMIN_USERNAME, CRONSAGA_ADMIN_PASSWORD and CRONSAGA_ADMIN_EMAIL are the first admin's; without them it is
"admin", with a password that is made up and shown once. An API key of the admin is ready in .cronsaga/admin-key, one for
workers in .cronsaga/worker-key.
AWS_ENDPOINT_URL names an emulator (LocalStack or a compatible one) whose DynamoDB and SQS are used instead of ours.
LOG_LEVEL is what the terminal shows: debug, info (default), warn or error. logs/cronsaga.log holds everything.
Ctrl-C drains for 5 s and stops; a second Ctrl-C stops at once.
`;

/** One Ctrl-C reaches us twice under npm: from the terminal, and passed on by npm. */
const SAME_ASK_MS = 300;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const DEFAULT_PORT = 8080;
const logFile = join(REPOSITORY, 'logs', 'cronsaga.log');

const say = (text: string): void => {
  process.stdout.write(text);
};

const fail = (message: string, exitCode: number): never => {
  process.stderr.write(`${message}\n`);
  process.exit(exitCode);
};

type Chosen = Pick<LocalStackOptions, 'port' | 'engine' | 'worker'>;

/** `undefined` asks for the help text. */
const readOptions = (args: readonly string[]): Chosen | undefined => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      engine: { type: 'string', default: 'aws' },
      'no-worker': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    return undefined;
  }
  const [name, text] =
    values.port === undefined ? ['API_PORT', process.env.API_PORT || String(DEFAULT_PORT)] : ['--port', values.port];
  const port = Number(text);
  if (!(/^\d+$/.test(text) && port <= 65_535)) {
    throw new PreflightError(`${name} ${text} is no port: give a number up to 65535 (0 takes a free one)`);
  }
  const { engine } = values;
  if (engine !== 'aws' && engine !== 'memory') {
    throw new PreflightError(`--engine ${engine} is unknown: it is aws or memory`);
  }
  return { port, engine, worker: !values['no-worker'] };
};

/** @returns the file's path as a person would type it */
const keepKey = async (name: string, key: string, port: number): Promise<string> => {
  // Stacks on other ports run beside the usual one, and must not take its files.
  const file = join(STATE_DIR, port === DEFAULT_PORT ? name : `${name}-${port}`);
  process.on('exit', () => rmSync(file, { force: true }));
  await writeKeyFile(file, key);
  return relative(process.cwd(), file);
};

const run = async (chosen: Chosen): Promise<void> => {
  const startedAt = performance.now();
  let stack: LocalStack | undefined;
  let asked = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  const stop = (): void => {
    if (performance.now() - askedAt < SAME_ASK_MS) {
      return;
    }
    askedAt = performance.now();
    asked += 1;
    if (stack && asked === 1) {
      say('\nStopping: what runs has 5 s to end. Ctrl-C again stops at once.\n');
      stack.stop().then(
        // Asked again meanwhile, it was cut short: what it waited for has been killed.
        () => process.exit(asked > 1 ? 1 : 0),
        (error: unknown) => fail(`Stopping failed: ${error instanceof Error ? error.message : String(error)}`, 1),
      );
    } else if (stack && asked === 2) {
      void stack.kill().finally(() => process.exit(1));
    } else {
      // Not ready yet, or asked a third time: what was started ends with this process.
      process.exit(1);
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  const level = LEVELS.find((it) => it === process.env.LOG_LEVEL) ?? 'info';
  stack = await startLocalStack({
    ...chosen,
    log: { file: logFile, terminal: { write: say, colour: process.stdout.isTTY, level } },
  });
  const adminKeyFile = await keepKey('admin-key', stack.adminKey, stack.port);
  const workerKeyFile = await keepKey('worker-key', stack.workerKey, stack.port);
  const shown = { adminKeyFile, workerKeyFile, logFile: relative(process.cwd(), logFile) };
  const startedInMs = performance.now() - startedAt;
  say(banner({ stack, engine: chosen.engine, worker: chosen.worker, ...shown, startedInMs }));
  const reason = await stack.failed;
  await stack.stop();
  fail(`Stopped: ${reason}`, 1);
};

try {
  const chosen = readOptions(process.argv.slice(2));
  if (chosen) {
    await run(chosen);
  } else {
    say(HELP);
  }
} catch (error) {
  // What its reader can solve is one line; anything else is a fault of ours and shows where.
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (error instanceof PreflightError) {
    fail(error.message, 1);
  } else if (isUsage) {
    fail(`${error.message} See npm start -- --help.`, 2);
  } else {
    fail(error instanceof Error ? (error.stack ?? error.message) : String(error), 1);
  }
}
