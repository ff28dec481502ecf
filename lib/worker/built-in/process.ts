/**
 * A child process in a process group of its own, so that all that it starts can be signalled with it. What a run starts
 * ends with it: processes that a command leaves behind in its group are killed when the command has exited.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { MAX_ERROR_CHARS, MAX_LOG_CHARS } from '../../contracts/limits.ts';
import type { Control, Ending } from '../handlers.ts';
import { createHeadTail, type HeadTail } from '../text.ts';
import { holdGroup } from './process-group.ts';

export type ProcessSpec = {
  readonly file: string;
  readonly args: readonly string[];
  readonly workingDirectory: string | undefined;
  /** Added to the base environment. */
  readonly environment: Readonly<Record<string, string>>;
};

/** A process that left the group may hold the output open: what it still writes is not waited for longer than this. */
const OUTPUT_AFTER_EXIT_MS = 1_000;
/** All that a child inherits: the worker's own environment holds its token. */
const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR'] as const;
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Runs the process to its end; stdout becomes the output, stderr the error of a failure or the log of a success. */
export async function runProcess(spec: ProcessSpec, control: Control): Promise<Ending> {
  let child: ChildProcess;
  try {
    child = spawn(spec.file, spec.args, {
      ...(spec.workingDirectory === undefined ? {} : { cwd: spec.workingDirectory }),
      env: environmentOf(spec),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    return notStarted(spec, error);
  }
  const stdout = collect(child.stdout, control.outputChars, control.write);
  const stderr = collect(child.stderr, Math.max(MAX_ERROR_CHARS, MAX_LOG_CHARS), control.write);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exit = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const group = child.pid === undefined ? undefined : holdGroup(child.pid);
  const terminate = (): void => group?.signal('SIGTERM');
  const kill = (): void => group?.signal('SIGKILL');
  onAbort(control.stopping, terminate);
  onAbort(control.killing, kill);
  const end = await exit;
  if ('error' in end) {
    group?.release();
    return notStarted(spec, end.error);
  }
  // Asked to stop, the group's others have the same grace as its leader had; otherwise they have had their time.
  const asked = control.stopping.aborted;
  if (asked) await group?.gone(control.killing);
  const killed = control.killing.aborted;
  kill();
  group?.release();
  await within(OUTPUT_AFTER_EXIT_MS, closed);
  child.stdout?.destroy();
  child.stderr?.destroy();
  const texts = { output: stdout.read(), errors: stderr.read() };
  // The signal is the evidence that it was made to end, also when it caught it and left with an exit code.
  return asked
    ? toStoppedEnding({ code: end.code, signal: killed ? 'SIGKILL' : (end.signal ?? 'SIGTERM') }, texts)
    : toEnding(end, texts);
}

type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null };
type Exit = { readonly error: Error } | Ended;
type Texts = { readonly output: string; readonly errors: string };

function toEnding(end: Ended, { output, errors }: Texts): Ending {
  const seen = whatWasSeen(end, output);
  if (end.code === 0) return { outcome: 'succeeded', ...seen, ...(errors === '' ? {} : { log: errors }) };
  const how = end.code === null ? `Ended by ${end.signal}.` : `Exit code ${end.code}.`;
  return { outcome: 'failed', reason: 'handler_failed', ...seen, error: errors === '' ? how : errors };
}

function toStoppedEnding(end: Ended, { output, errors }: Texts): Ending {
  return { outcome: 'failed', ...whatWasSeen(end, output), ...(errors === '' ? {} : { error: errors }) };
}

function whatWasSeen({ code, signal }: Ended, output: string): Pick<Ending, 'exitCode' | 'signal' | 'output'> {
  return {
    ...(code === null ? {} : { exitCode: code }),
    ...(signal === null ? {} : { signal }),
    ...(output === '' ? {} : { output }),
  };
}

function notStarted(spec: ProcessSpec, error: unknown): Ending {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const why: Partial<Record<string, string>> = {
    ENOENT: `${spec.file} was not found on this worker. Install it, or name its path.`,
    EACCES: `${spec.file} may not be executed by this worker's user.`,
    E2BIG:
      'The command, its arguments and its environment are longer than the system passes to a process (128 KB each).',
  };
  return {
    outcome: 'failed',
    reason: 'refused',
    error: why[String(code)] ?? `${spec.file} could not be started: ${String(error)}`,
  };
}

function environmentOf(spec: ProcessSpec): Record<string, string> {
  const base = Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return { PATH: DEFAULT_PATH, ...base, ...spec.environment };
}

function collect(stream: NodeJS.ReadableStream | null, max: number, write: Control['write']): HeadTail {
  const text = createHeadTail(max);
  const decoder = new StringDecoder('utf8');
  stream?.on('data', (chunk: Buffer) => {
    const decoded = decoder.write(chunk);
    text.push(decoded);
    write(decoded);
  });
  return text;
}

function onAbort(signal: AbortSignal, action: () => void): void {
  if (signal.aborted) action();
  else signal.addEventListener('abort', action, { once: true });
}

async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
