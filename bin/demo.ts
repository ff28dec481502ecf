/** `npm run demo`: real tasks on a stack of its own, shown as they go. Exit code 0 when all ended as they should. */
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { runDemo } from '../lib/local/demo/run-demo.ts';
import { PreflightError } from '../lib/local/preflight.ts';
import { REPOSITORY } from '../lib/local/stack.ts';

const HELP = `Runs a handful of real tasks on a local stack of its own and shows how they go.

  npm run demo -- [options]

  --engine NAME    aws: DynamoDB Local (Java 17), SQS and schedules are emulated (default)
                   memory: everything in one process, no Java
  --help

Exit code: 0 when every task ended as it should, 1 when one did not or the stack could not start, 2 for a wrong option.
`;

const fail = (message: string, exitCode: number): never => {
  process.stderr.write(`${message}\n`);
  process.exit(exitCode);
};

/** `undefined` asks for the help text. */
const readEngine = (): 'aws' | 'memory' | undefined => {
  const { values } = parseArgs({
    options: { engine: { type: 'string', default: 'aws' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    return undefined;
  }
  const { engine } = values;
  if (engine !== 'aws' && engine !== 'memory') {
    return fail(`--engine ${engine} is unknown: it is aws or memory. See npm run demo -- --help.`, 2);
  }
  return engine;
};

/** One Ctrl-C reaches us twice under npm: from the terminal, and passed on by npm. */
const SAME_ASK_MS = 300;
const interrupted = new AbortController();
let interruptedAt = 0;
const interrupt = (): void => {
  if (!interrupted.signal.aborted) {
    interruptedAt = performance.now();
    interrupted.abort();
  } else if (performance.now() - interruptedAt > SAME_ASK_MS) {
    // It does not wait any more; the children notice that this process is gone.
    process.exit(130);
  }
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);

const logFile = (name: string): string => relative(process.cwd(), join(REPOSITORY, 'logs', name));

try {
  const engine = readEngine();
  if (engine === undefined) {
    process.stdout.write(HELP);
  } else {
    const ok = await runDemo({
      engine,
      screen: {
        write: (text) => process.stdout.write(text),
        isTerminal: process.stdout.isTTY === true,
        columns: () => process.stdout.columns ?? Number.POSITIVE_INFINITY,
      },
      logFile: logFile('demo.log'),
      workerLogFile: logFile('demo-workers.log'),
      signal: interrupted.signal,
    });
    process.exitCode = ok ? 0 : 1;
  }
} catch (error) {
  if (interrupted.signal.aborted) {
    process.exit(130);
  } else if (error instanceof PreflightError) {
    fail(error.message.replaceAll('npm start', 'npm run demo'), 1);
  } else if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    fail(`${error.message} See npm run demo -- --help.`, 2);
  } else {
    fail(error instanceof Error ? (error.stack ?? error.message) : String(error), 1);
  }
}
