/**
 * The log of the local stack: every line as JSON in a file that rotates, and short and readable on the terminal. The
 * functions and the worker write JSON lines of their own; they are taken in here under their names.
 */
import { mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createStream } from 'rotating-file-stream';
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from '../platform/logger.ts';

export type LocalLog = {
  /** A logger of the stack itself. */
  readonly logger: (source: string) => Logger;
  /** Takes a line that a program wrote: JSON as it is, anything else as a message. */
  readonly take: (source: string, line: string) => void;
  readonly close: () => Promise<void>;
};

export type LogOptions = {
  /** Absent: no file. */
  readonly file?: string | undefined;
  /** Absent: nothing on the terminal. */
  readonly terminal?:
    | { readonly write: (text: string) => void; readonly colour: boolean; readonly level: LogLevel }
    | undefined;
};

/** A file per day and per 10 MB, 14 of them: two weeks of a quiet stack, at most 140 MB of a busy one. */
const ROTATION = { size: '10M', interval: '1d', maxFiles: 14 } as const;

type Entry = Readonly<Record<string, unknown>> & { readonly level: LogLevel; readonly message: string };

const COLOURS: Readonly<Record<LogLevel, number>> = { debug: 90, info: 36, warn: 33, error: 31 };

const isLevel = (value: unknown): value is LogLevel => LOG_LEVELS.some((level) => level === value);

/** What the worker writes: `09:04:28.656 warn  connection lost code=1006`. */
const TEXT_LINE = /^\d{2}:\d{2}:\d{2}\.\d{3} (debug|info|warn|error) +(.*)$/;

const parse = (line: string): Entry | undefined => {
  const [, textLevel, textMessage] = TEXT_LINE.exec(line) ?? [];
  if (textMessage !== undefined && isLevel(textLevel)) {
    return { level: textLevel, message: textMessage };
  }
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('message' in value) || typeof value.message !== 'string') {
      return undefined;
    }
    const level = 'level' in value && isLevel(value.level) ? value.level : 'info';
    return { ...value, message: value.message, level };
  } catch {
    return undefined;
  }
};

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"]/.test(text) && typeof value === 'string' ? JSON.stringify(text) : text;
};

/** Bytes that a task or a client chose must not steer the terminal: control characters are shown, not sent. */
const harmless = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** What every line of a function repeats, or nobody reads unless something is wrong: the file has it. */
const ONLY_IN_FILE: ReadonlySet<string> = new Set(['function', 'stage', 'requestId']);

/** `09:04:28.656 info  api  message key=value` */
export const terminalLine = (entry: Entry, colour: boolean): string => {
  const { time, level, message, source, ...fields } = entry;
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const details = Object.entries(fields)
    .filter(([name]) => !ONLY_IN_FILE.has(name))
    .map(([name, value]) => `${name}=${shown(value)}`)
    .join(' ');
  const at = paint(90, String(time).slice(11, 23));
  const from = paint(90, String(source).padEnd(8));
  const tail = details === '' ? '' : ` ${paint(90, harmless(details))}`;
  return `${at} ${paint(COLOURS[level], level.padEnd(5))} ${from} ${harmless(message)}${tail}\n`;
};

const openFile = (file: string) => {
  mkdirSync(dirname(file), { recursive: true });
  return createStream(basename(file), { path: dirname(file), ...ROTATION });
};

export const createLocalLog = ({ file, terminal }: LogOptions): LocalLog => {
  const stream = file === undefined ? undefined : openFile(file);
  // A full disk must not end the stack; the terminal still has the lines.
  stream?.on('error', () => undefined);
  const emit = (entry: Entry): void => {
    stream?.write(`${JSON.stringify(entry)}\n`);
    if (terminal && LOG_LEVELS.indexOf(entry.level) >= LOG_LEVELS.indexOf(terminal.level)) {
      terminal.write(terminalLine(entry, terminal.colour));
    }
  };
  const take = (source: string, line: string): void => {
    if (line.trim() === '') {
      return;
    }
    const parsed = parse(line);
    emit(
      parsed
        ? { time: new Date().toISOString(), ...parsed, source }
        : { time: new Date().toISOString(), level: 'info', message: line, source },
    );
  };
  return {
    logger: (source) => createLogger({ level: 'debug', write: (line) => take(source, line) }),
    take,
    close: async () => {
      if (stream) {
        await new Promise((resolve) => stream.end(resolve));
      }
    },
  };
};
