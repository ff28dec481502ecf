import type { Committed, RunException, RunStore } from '../../application/ports/index.ts';
import { keepsOutput, missesStart, type Run, type RunChange, type RunStatus, TRANSITIONS } from '../../domain/run.ts';
import { createRunTable } from './run-table.ts';
import type { StepRuns } from './sagas/sagas.ts';

/** Told of every change of a row, as DynamoDB's stream tells it. */
export type ChangeFeed = (before: Run | undefined, after: Run) => void;

/** The condition of a change, exactly as the DynamoDB adapter writes it. */
const holds = (run: Run, { transition, expect }: RunChange): boolean => {
  const from: readonly RunStatus[] = TRANSITIONS[transition].from;
  return (
    from.includes(run.status) &&
    (expect.attempt === undefined || run.attempt === expect.attempt) &&
    (expect.pool === undefined || run.pool === expect.pool) &&
    (expect.g === undefined || run.g === expect.g) &&
    (expect.fence === undefined || run.fence === expect.fence) &&
    (expect.session === undefined || run.session?.id === expect.session) &&
    (!expect.evidencePending || run.evidence?.state === 'pending') &&
    (expect.startingAt === undefined || !missesStart(run, expect.startingAt)) &&
    (!expect.keepsOutput || keepsOutput(run))
  );
};

const changed = (run: Run, { set, clear }: RunChange): Run => {
  const cleared = Object.fromEntries(
    Object.entries(run).filter(([field]) => !(clear as readonly string[]).includes(field)),
  );
  return { ...(cleared as Run), ...set };
};

/** The runs in this process: the twin of the DynamoDB adapter, index by index. */
export const createMemoryRunStore = (
  onChange: ChangeFeed,
  recordException: (exception: RunException) => void,
): RunStore & StepRuns => {
  const table = createRunTable();
  const voids = new Map<string, Set<string>>();

  const write = (after: Run): void => {
    const before = table.find(after.id);
    table.put(after);
    onChange(before, after);
  };

  const patch = (id: string, condition: (run: Run) => boolean, fields: (run: Run) => Partial<Run>): boolean => {
    const run = table.find(id);
    if (run === undefined || !condition(run)) {
      return false;
    }
    write({ ...run, ...fields(run) });
    return true;
  };

  return {
    create: async (run, nonce) => {
      const existing = table.find(run.id);
      if (existing !== undefined) {
        return { kind: 'exists', run: existing };
      }
      if (voids.get(run.id)?.has(nonce)) {
        return { kind: 'voided' };
      }
      voids.delete(run.id);
      write(run);
      return { kind: 'created' };
    },
    get: async (id) => table.find(id),
    commit: async (change, exception): Promise<Committed> => {
      const run = table.find(change.id);
      if (run === undefined || !holds(run, change)) {
        return { kind: 'lost', run };
      }
      const next = changed(run, change);
      write(next);
      if (exception !== undefined) {
        recordException(exception);
      }
      return { kind: 'won', run: next };
    },
    note: async (id, note, now) => {
      patch(
        id,
        () => true,
        () => ({ ...note, updatedAt: now }),
      );
      return table.find(id);
    },
    fence: async (id, g) =>
      patch(
        id,
        (run) => run.g === g,
        (run) => ({ fence: run.fence + 1 }),
      ),
    voidMissing: async (id, nonce) => {
      if (table.find(id) !== undefined) {
        return false;
      }
      voids.set(id, (voids.get(id) ?? new Set()).add(nonce));
      return true;
    },
    bump: async (id, g, fence, nonce) =>
      patch(
        id,
        (run) => run.g === g && run.fence === fence,
        () => ({ g: g + 1, bumped: { g: g + 1, nonce } }),
      ),
    readyHead: table.readyHead,
    newest: table.newest,
    newestIdsOfOrigin: table.newestIdsOfOrigin,
    newestIdsOfStatus: table.newestIdsOfStatus,
    readyIds: table.readyIds,
    getMany: table.getMany,
    ofSaga: table.ofSaga,
    keepOfSaga: (no, until) => {
      for (const { id } of table.ofSaga(no)) {
        patch(
          id,
          ({ expiresAt }) => expiresAt !== undefined && expiresAt < until,
          () => ({ expiresAt: until }),
        );
      }
    },
  };
};
