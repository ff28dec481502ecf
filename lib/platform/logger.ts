/** Structured logs: one JSON object a line on standard output, which CloudWatch and the local runtime both read. */
import { isSecretName, REDACTED, redactText } from './redact.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

export type Logger = {
  readonly debug: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly error: (message: string, fields?: LogFields) => void;
  /** A logger that adds these fields to every line. */
  readonly with: (fields: LogFields) => Logger;
};

const describe = (value: unknown): unknown => {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return { name, message, stack, ...(cause === undefined ? {} : { cause }) };
  }
  switch (typeof value) {
    case 'bigint':
      return value.toString();
    case 'string':
      return redactText(value);
    default:
      return value;
  }
};

/** Sees every value on its way out, nested ones and the parts of an error included. */
const replacer = (key: string, value: unknown): unknown => (isSecretName(key) ? REDACTED : describe(value));

export type LoggerOptions = {
  readonly level: LogLevel;
  readonly fields?: LogFields;
  /** Takes one line with its newline. */
  readonly write?: (line: string) => void;
};

export const createLogger = ({
  level,
  fields = {},
  write = (line) => {
    process.stdout.write(line);
  },
}: LoggerOptions): Logger => {
  const least = LOG_LEVELS.indexOf(level);
  const at =
    (lineLevel: LogLevel) =>
    (message: string, more: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(lineLevel) < least) {
        return;
      }
      const entry = { time: new Date().toISOString(), level: lineLevel, message, ...fields, ...more };
      write(`${JSON.stringify(entry, replacer)}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (more) => createLogger({ level, fields: { ...fields, ...more }, write }),
  };
};
