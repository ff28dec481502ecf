type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;
/** Where the worker says what happens to it. Any structured logger fits; fields never hold the token or a payload. */
export type WorkerLogger = { readonly debug: Log; readonly info: Log; readonly warn: Log; readonly error: Log };

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** One line per event for a person to read: `09:14:02.120 warn  connection lost code=1006`. */
export function createTextLogger(write: (line: string) => void, least: (typeof LEVELS)[number] = 'info'): WorkerLogger {
  const log =
    (level: (typeof LEVELS)[number]): Log =>
    (message, fields = {}) => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
      const details = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(
          ([name, value]) =>
            ` ${name}=${typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value)}`,
        );
      write(`${new Date().toISOString().slice(11, 23)} ${level.padEnd(5)} ${message}${details.join('')}\n`);
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
