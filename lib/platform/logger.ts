/** Structured logs: one JSON object a line on standard output, which CloudWatch and the local runtime both read. */

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

/** A field under one of these names is never written out, whatever its value. */
const SECRET_NAME = /(^|_|-)(authorization|token|password|secret|api_?key|private_?key|cookie)$/i;

const describe = (value: unknown): unknown => {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return { name, message, stack, ...(cause === undefined ? {} : { cause: describe(cause) }) };
  }
  return typeof value === 'bigint' ? value.toString() : value;
};

const replacer = (key: string, value: unknown): unknown => (SECRET_NAME.test(key) ? '[redacted]' : describe(value));

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
