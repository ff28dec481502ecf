import type {
  CountStore,
  DataStore,
  ExceptionStore,
  IdempotencyStore,
  Reservation,
  RunException,
  StoredReport,
  Sums,
  WorkerException,
} from '../../application/ports/index.ts';

export const createMemoryDataStore = (): DataStore => {
  const payloads = new Map<string, string>();
  const reports = new Map<string, StoredReport>();
  const outputs = new Map<string, string>();
  const reportKey = (run: string, attempt: number): string => `${run}:${attempt}`;
  return {
    putPayload: async (run, payload) => {
      const kept = payloads.get(run) ?? payload;
      payloads.set(run, kept);
      return kept === payload ? 'kept' : 'taken';
    },
    getPayload: async (run) => payloads.get(run),
    putReport: async (run, attempt, report) => {
      const key = reportKey(run, attempt);
      reports.set(key, reports.get(key) ?? report);
    },
    getReport: async (run, attempt) => reports.get(reportKey(run, attempt)),
    putOutput: async (run, attempt, piece, text) => {
      const key = `${reportKey(run, attempt)}:${piece}`;
      outputs.set(key, outputs.get(key) ?? text);
    },
    getOutput: async (run, attempt, pieces) => {
      const found = Array.from({ length: pieces }, (_, piece) => outputs.get(`${reportKey(run, attempt)}:${piece}`));
      return found.includes(undefined) ? undefined : found.join('');
    },
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

type ShardCount = { position: bigint; readonly counts: Record<string, number> };
type Counter = Parameters<CountStore['add']>[0];

const addAll = (sums: Record<string, number>, deltas: Readonly<Record<string, number>>): void => {
  for (const [status, by] of Object.entries(deltas)) {
    sums[status] = (sums[status] ?? 0) + by;
  }
};

const nameOfHour = (of: string | undefined, hour: number): string => JSON.stringify([of, hour]);

export const createMemoryCountStore = (): CountStore => {
  const counters = new Map<string | undefined, Map<string, ShardCount>>();
  /** The hours of each counter that has some. */
  const hours = new Map<string | undefined, Set<number>>();
  const sumOf = (name: string | undefined): Sums => {
    const sums: Record<string, number> = {};
    for (const { counts } of counters.get(name)?.values() ?? []) {
      addAll(sums, counts);
    }
    return sums;
  };
  const nameOf = (counter: Counter): string | undefined => {
    if (typeof counter !== 'object') {
      return counter;
    }
    hours.set(counter.of, (hours.get(counter.of) ?? new Set()).add(counter.hour));
    return nameOfHour(counter.of, counter.hour);
  };
  return {
    read: async (counter) => sumOf(counter),
    hours: async (from, to, of) =>
      [...(hours.get(of) ?? [])]
        .filter((hour) => from <= hour && hour < to)
        .sort((a, b) => a - b)
        .map((hour) => ({ hour, sums: sumOf(nameOfHour(of, hour)) })),
    add: async (counter, streamShard, { first, last }, deltas) => {
      const name = nameOf(counter);
      const shards = counters.get(name) ?? new Map<string, ShardCount>();
      counters.set(name, shards);
      const shard = shards.get(streamShard);
      if (shard !== undefined && shard.position >= first) {
        return { kind: 'counted', position: shard.position };
      }
      const counted = shard ?? { position: last, counts: {} };
      counted.position = last;
      addAll(counted.counts, deltas);
      shards.set(streamShard, counted);
      return { kind: 'added', firstOfShard: shard === undefined };
    },
    // This process's stream has one shard, which never ends.
    fold: async () => undefined,
  };
};
