import { keptFor, runFamily } from '../../domain/ids.ts';
import { isRunOpen, isTerminal, keepsOutput, type Run } from '../../domain/run.ts';
import type { LogHead, Ports } from '../ports/index.ts';
import { createShownReport } from '../runs/shown-report.ts';
import type { Logs, RunLog } from './logs-api.ts';

type LogPorts = Pick<Ports, 'logs' | 'runs' | 'data' | 'settings' | 'now'>;

const DAY_MS = 24 * 60 * 60_000;
/** A last piece may be handled after the result that it was sent before: a log that was just added to may not be whole yet. */
const QUIET_MS = 3_000;
/** Logs that a list looks through. */
const MOST_EXAMINED = 2_000;
const BATCH = 200;
/** Of what a run reported, in API A's words. */
const REPORTED_STORAGE = 'db';

/** As long as its run's row, which is kept from the run's end on; with a day's margin. */
export const logExpiry = (run: Run, { settings, now }: Pick<Ports, 'settings' | 'now'>): number =>
  (run.expiresAt ?? Math.max(now(), run.dueAt) + run.timeoutMs + keptFor(run.id, settings.retentionMs)) + DAY_MS;

const logOf = ({ streamed: _, ...log }: LogHead): RunLog => log;

/** One under the other, each on lines of its own. */
const underEachOther = (texts: readonly (string | undefined)[]): string =>
  texts
    .filter((text) => text !== undefined && text !== '')
    .map((text, index, all) => (index === all.length - 1 || text?.endsWith('\n') ? text : `${text}\n`))
    .join('');

/** A character that begins before `from` belongs to the piece before, one that does not fit to the next. */
const isInside = (bytes: Buffer, at: number): boolean => ((bytes[at] ?? 0) & 0xc0) === 0x80;
const pieceOf = (text: string, from: number, most: number): { readonly text: string; readonly next: number } => {
  const bytes = Buffer.from(text);
  let begin = Math.min(from, bytes.length);
  while (isInside(bytes, begin)) begin += 1;
  let end = Math.min(begin + most, bytes.length);
  while (isInside(bytes, end)) end -= 1;
  return { text: bytes.toString('utf8', begin, end), next: end };
};

export const createLogs = (ports: LogPorts): Logs => {
  const { logs, runs, data, now } = ports;
  const shownReport = createShownReport(data);

  const visible = async (id: string): Promise<Run | undefined> => {
    const run = await runs.get(id, 'consistent');
    return run?.hidden ? undefined : run;
  };

  /** What the last attempt reported; undefined where the run has not ended, or nothing of it is to be kept. */
  const reportedText = async (run: Run): Promise<string | undefined> => {
    if (!isTerminal(run.status) || !keepsOutput(run)) {
      return undefined;
    }
    const { output, log, error } = { ...run, ...(await shownReport(run)) };
    return underEachOther([run.notedOutput ?? output, log, error]);
  };

  const write = async (
    id: string,
    apply: (run: Run, as: { readonly now: number; readonly expiresAt: number }) => Promise<LogHead>,
  ) => {
    const run = await visible(id);
    if (run === undefined) {
      return { kind: 'no_run' as const };
    }
    const head = await apply(run, { now: now(), expiresAt: logExpiry(run, ports) });
    return { kind: 'written' as const, log: logOf(head) };
  };
  const storedAs = (storage: string | undefined) => (storage === undefined ? {} : { storage });

  const append: Logs['append'] = (id, { text, storage }) =>
    write(id, (run, as) => logs.append(run.id, text, { ...as, ...storedAs(storage) }));

  return {
    append,
    create: async (id, text) => ((await logs.head(id)) === undefined ? append(id, text) : { kind: 'exists' }),
    replace: (id, { text, storage }) =>
      write(id, (run, as) => logs.replace(run.id, text, { ...as, ...storedAs(storage) })),
    remove: async (id) => (await visible(id)) !== undefined && logs.remove(id),

    find: async (id) => {
      const [run, head] = await Promise.all([visible(id), logs.head(id)]);
      if (run === undefined || head !== undefined) {
        return run && head && logOf(head);
      }
      const text = await reportedText(run);
      const { createdAt, endedAt = createdAt } = run;
      return text === undefined || text === ''
        ? undefined
        : {
            ...{ run: id, storage: REPORTED_STORAGE, size: Buffer.byteLength(text), truncated: false },
            ...{ createdAt: endedAt, updatedAt: endedAt },
          };
    },

    read: async (id, from, bytes) => {
      const [run, head] = await Promise.all([visible(id), logs.head(id)]);
      if (run === undefined) {
        return undefined;
      }
      const isOver = !isRunOpen(run);
      if (head === undefined) {
        const text = (await reportedText(run)) ?? '';
        const piece = pieceOf(text, from, bytes);
        return { ...piece, complete: isOver && piece.next === Buffer.byteLength(text) };
      }
      // A log that was replaced by a shorter one is read on from its end.
      const piece = from < head.size ? await logs.read(id, from, bytes) : { text: '', next: head.size };
      const isQuiet = now() - Math.max(head.updatedAt, run.endedAt ?? 0) >= QUIET_MS;
      return { ...piece, complete: isOver && isQuiet && piece.next >= head.size };
    },

    list: async ({ matches, offset, limit }) => {
      const found: RunLog[] = [];
      let last: LogHead | undefined;
      let examined = 0;
      while (examined < MOST_EXAMINED) {
        const heads = await logs.list({ limit: BATCH, ...(last === undefined ? {} : { before: last }) });
        // Those of steps are shown with their transaction, as their runs are.
        const listed = heads.filter(({ run }) => runFamily(run) !== 'step');
        found.push(...listed.map(logOf).filter(matches));
        examined += heads.length;
        last = heads.at(-1);
        if (heads.length < BATCH) {
          return { logs: found.slice(offset, offset + limit), total: found.length, partial: false };
        }
      }
      return { logs: found.slice(offset, offset + limit), total: found.length, partial: true };
    },
  };
};
