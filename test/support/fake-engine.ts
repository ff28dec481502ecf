/** What HTTP asks of the engine about plain runs, over a Map: enough to test the edge. The rest is the real engine, on memory stores. */
import type { Engine, ListInput, RunView, SubmitInput } from '../../lib/application/api.ts';
import { createWorld } from './engine-world.ts';

export type FakeEngine = Engine & {
  readonly runs: Map<string, RunView>;
  readonly submitted: SubmitInput[];
  readonly listed: ListInput[];
};

export const NOW = Date.UTC(2030, 0, 1);

export const aRun = (fields: Partial<RunView> = {}): RunView => ({
  id: '1',
  handler: 'send_email',
  pool: 'default',
  priority: 5,
  status: 'scheduled',
  attempt: 0,
  tries: 0,
  maxTries: 3,
  timeoutMs: 300_000,
  executeAt: NOW + 3_600_000,
  dueAt: NOW + 3_600_000,
  createdAt: NOW,
  updatedAt: NOW,
  g: 1,
  wakeAt: NOW + 3_600_000,
  fence: 0,
  payload: '{"to":"user@example.com"}',
  payloadBytes: 25,
  history: [],
  ...fields,
});

export const createFakeEngine = (now: () => number = () => NOW): FakeEngine => {
  const runs = new Map<string, RunView>();
  const keys = new Map<string, { readonly fingerprint: string; readonly id: string }>();
  const submitted: SubmitInput[] = [];
  const listed: ListInput[] = [];

  /** A due task of these types has run: as if a worker of theirs were there. */
  const current = (run: RunView): RunView =>
    run.status === 'scheduled' && run.executeAt <= now()
      ? {
          ...run,
          status: 'succeeded',
          attempt: 1,
          dispatchedAt: run.executeAt,
          endedAt: run.executeAt,
          updatedAt: run.executeAt,
        }
      : run;
  const read = (id: string): RunView | undefined => {
    const run = runs.get(id);
    return run && current(run);
  };

  return {
    ...createWorld().engine,
    runs,
    submitted,
    listed,
    submitRun: async (input) => {
      submitted.push(input);
      const key = input.idempotency && `${input.idempotency.caller} ${input.idempotency.key}`;
      const known = key === undefined ? undefined : keys.get(key);
      const first = known && read(known.id);
      if (known && first) {
        return known.fingerprint === input.idempotency?.fingerprint
          ? { kind: 'replayed', run: first }
          : { kind: 'key_reused' };
      }
      const { idempotency, ...request } = input;
      const run = aRun({
        ...request,
        id: String(runs.size + 1),
        dueAt: input.executeAt,
        createdAt: now(),
        updatedAt: now(),
        payloadBytes: Buffer.byteLength(input.payload),
      });
      runs.set(run.id, run);
      if (key !== undefined && idempotency) {
        keys.set(key, { fingerprint: idempotency.fingerprint, id: run.id });
      }
      return { kind: 'created', run };
    },
    findSubmitted: async ({ caller, key, fingerprint }) => {
      const known = keys.get(`${caller} ${key}`);
      const run = known && read(known.id);
      if (!known || !run) {
        return { kind: 'unknown' };
      }
      return known.fingerprint === fingerprint ? { kind: 'replayed', run } : { kind: 'key_reused' };
    },
    getRun: async (id) => read(id),
    cancelRun: async (id) => {
      const run = read(id);
      if (!run) {
        return { kind: 'not_found' };
      }
      if (['succeeded', 'failed', 'timed_out', 'cancelled'].includes(run.status)) {
        return { kind: 'already_ended', run };
      }
      const cancelled: RunView = { ...run, status: 'cancelled', endedAt: now(), updatedAt: now() };
      runs.set(id, cancelled);
      return { kind: 'cancelled', run: cancelled };
    },
    listRuns: async (input) => {
      listed.push(input);
      const cursor = 'cursor' in input.from ? input.from.cursor : undefined;
      if (cursor !== undefined && !/^after-\d+$/.test(cursor)) {
        return { kind: 'bad_cursor' };
      }
      const matching = [...runs.values()]
        .map(current)
        .filter((run) => input.handler === undefined || run.handler === input.handler)
        .filter((run) => input.statuses === undefined || input.statuses.includes(run.status))
        .sort((a, b) => b.createdAt - a.createdAt || Number(b.id) - Number(a.id));
      const begin = 'offset' in input.from ? input.from.offset : Number(cursor?.slice('after-'.length));
      const end = begin + input.limit;
      return {
        kind: 'page',
        runs: matching.slice(begin, end),
        total: matching.length,
        partial: false,
        ...(end < matching.length ? { cursor: `after-${end}` } : {}),
      };
    },
  };
};
