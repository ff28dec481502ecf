import type {
  CountStore,
  DataStore,
  ExceptionStore,
  IdempotencyStore,
  Reservation,
  RunException,
  StatusCounts,
  StoredReport,
  WorkerException,
} from '../../application/ports/index.ts';

export const createMemoryDataStore = (): DataStore => {
  const payloads = new Map<string, string>();
  const reports = new Map<string, StoredReport>();
  const reportKey = (run: string, attempt: number): string => `${run}:${attempt}`;
  return {
    putPayload: async (run, payload) => {
      payloads.set(run, payloads.get(run) ?? payload);
    },
    getPayload: async (run) => payloads.get(run),
    putReport: async (run, attempt, report) => {
      const key = reportKey(run, attempt);
      reports.set(key, reports.get(key) ?? report);
    },
    getReport: async (run, attempt) => reports.get(reportKey(run, attempt)),
  };
};

export type MemoryExceptionStore = ExceptionStore & {
  readonly recordRun: (exception: RunException) => void;
  readonly all: () => readonly (RunException | WorkerException)[];
};

export const createMemoryExceptionStore = (): MemoryExceptionStore => {
  const rows = new Map<string, RunException | WorkerException>();
  const put = (exception: RunException | WorkerException): void => {
    rows.set(exception.id, rows.get(exception.id) ?? exception);
  };
  return { record: async (exception) => put(exception), recordRun: put, all: () => [...rows.values()] };
};

export const createMemoryIdempotencyStore = (): IdempotencyStore => {
  const rows = new Map<string, Reservation & { readonly expiresAt: number }>();
  return {
    find: async (key, now) => {
      const held = rows.get(key);
      return held === undefined || held.expiresAt < now ? undefined : { run: held.run, fingerprint: held.fingerprint };
    },
    reserve: async (key, reservation, { now, expiresAt }, replacing) => {
      const held = rows.get(key);
      if (held !== undefined && held.expiresAt >= now && (replacing === undefined || held.run !== replacing)) {
        return { kind: 'taken', by: { run: held.run, fingerprint: held.fingerprint } };
      }
      rows.set(key, { ...reservation, expiresAt });
      return { kind: 'reserved' };
    },
  };
};

export const createMemoryCountStore = (): CountStore => {
  const counts = new Map<string | undefined, Record<string, number>>();
  const positions = new Map<string, bigint>();
  const add = (handler: string | undefined, status: string, by: number): void => {
    const row = counts.get(handler) ?? {};
    row[status] = (row[status] ?? 0) + by;
    counts.set(handler, row);
  };
  return {
    read: async (handler) => ({ ...counts.get(handler) }) as StatusCounts,
    position: async (streamShard) => positions.get(streamShard),
    advance: async (streamShard, from, to, deltas) => {
      if (positions.get(streamShard) !== from) {
        return false;
      }
      positions.set(streamShard, to);
      for (const { handler, status, by } of deltas) {
        add(undefined, status, by);
        add(handler, status, by);
      }
      return true;
    },
  };
};
