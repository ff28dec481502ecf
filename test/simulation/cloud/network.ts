/**
 * What lies between a function and the services that it calls: time, lost answers, refusals, and the SDK's repeats.
 */

import type { Backfill } from '../../../lib/application/ports/index.ts';
import type { Job } from '../../../lib/domain/job/job.ts';
import type { Run } from '../../../lib/domain/run.ts';
import type { Saga, SagaException } from '../../../lib/domain/saga/saga.ts';
import type { Session } from '../../../lib/domain/session.ts';
import type { Basics } from '../basics.ts';

/** Reads: they may fail, but there is no doubt about what they did. */
const READS: ReadonlySet<string> = new Set([
  'runs.get',
  'runs.readyHead',
  'runs.newest',
  'runs.newestIdsOfOrigin',
  'runs.newestIdsOfStatus',
  'runs.readyIds',
  'runs.getMany',
  'sessions.get',
  'sessions.look',
  'data.getPayload',
  'data.getReport',
  'idempotency.find',
  'counts.read',
  'counts.hours',
  'connections.find',
  'connections.grantOf',
  'credentials.key',
  'jobs.get',
  'jobs.getMany',
  'jobs.getSpec',
  'jobs.findId',
  'jobs.list',
  'jobs.count',
  'jobs.gaps',
  'backfills.get',
  'backfills.list',
  'needs.list',
  'workers.get',
  'workers.findId',
  'workers.list',
  'workers.count',
  'categories.get',
  'categories.findId',
  'categories.list',
  'categories.count',
  'leases.find',
  'logs.head',
  'logs.read',
  'logs.list',
  'flows.get',
  'flows.getVersion',
  'flows.list',
  'flows.count',
  'sagas.find',
  'sagas.get',
  'sagas.runsOf',
  'sagas.newest',
  'sagaExceptions.get',
  'sagaExceptions.newest',
]);
/** Writes that carry no `op`: their repeat is carried out like the first one (W1). */
const UNMARKED: ReadonlySet<string> = new Set([
  'runs.fence',
  'runs.voidMissing',
  'runs.bump',
  'runs.note',
  'sessions.voidMissing',
  'sessions.remove',
  'data.putPayload',
  'data.putReport',
  'connections.admit',
  'connections.bind',
  'connections.forget',
  'exceptions.record',
  'needs.note',
  'sagas.fence',
  'sagas.voidMissing',
  'sagas.bump',
  'sagas.keepRuns',
]);

/** More than one row, all or none. */
const isTransaction = (name: string, args: readonly unknown[]): boolean =>
  (name === 'runs.commit' && args[1] !== undefined) ||
  name === 'jobs.create' ||
  name === 'flows.create' ||
  name === 'flows.write' ||
  name === 'sagas.create' ||
  (name === 'sagas.commit' && ((args[2] as readonly unknown[] | undefined)?.length ?? 0) > 0) ||
  (name === 'jobs.write' && Object.keys(args[2] ?? {}).length > 0);

const error = (name: string, message: string): Error => Object.assign(new Error(message), { name });
const throttled = () => error('ThrottlingException', 'Rate exceeded');
const timedOut = () => error('TimeoutError', 'The request timed out after 3 tries');

/** The usual way of a call, and what the SDK waits before it sends a request again. */
const LATENCY_MS = 8;
const REPEAT_MS = 3_000;

export type Network = {
  /** @param name of the port call, as `runs.commit` */
  readonly send: (name: string, args: readonly unknown[], perform: () => Promise<unknown>) => Promise<unknown>;
};

type Surroundings = Pick<Basics, 'timeline' | 'chance' | 'faults' | 'ledger'>;

export const createNetwork = ({ timeline, chance, faults, ledger }: Surroundings): Network => {
  const latency = (): number => 1 + Math.floor(chance() * LATENCY_MS);

  /** The row that a write is about, as it stands: another object after each change. */
  const rowOf = (
    name: string,
    [first]: readonly unknown[],
  ): Run | Session | Job | Backfill | Saga | SagaException | undefined => {
    const id = (typeof first === 'string' ? first : (first as { readonly id?: string } | undefined)?.id) ?? '';
    switch (name.split('.')[0]) {
      case 'runs':
        return ledger.runs.get(id);
      case 'jobs':
        return ledger.jobs.get(id);
      case 'backfills':
        return ledger.backfills.get(id);
      case 'sagas':
        return ledger.sagas.books.get((first as { readonly no?: string } | undefined)?.no ?? '')?.row;
      case 'sagaExceptions':
        return ledger.sagas.exceptions.get(id);
      default:
        return ledger.sessions.get(id);
    }
  };

  /**
   * Rule W1, as the DynamoDB adapter keeps it: a repeat that finds the row as its first request left it has won. What else
   * it finds, it judges anew. A report that finds itself no longer knows the old list.
   */
  const repeat = async (name: string, args: readonly unknown[], perform: () => Promise<unknown>): Promise<unknown> => {
    const answer = await perform();
    const left = rowOf(name, args);
    ledger.onSlow();
    await timeline.pause(REPEAT_MS);
    if (UNMARKED.has(name)) {
      return perform();
    }
    const mine = rowOf(name, args) === left || name === 'idempotency.reserve' || name === 'counts.add';
    const created = (answer as { readonly kind?: string } | undefined)?.kind === 'created';
    if (!mine && !created) {
      return perform();
    }
    const stored = answer as { readonly kind?: string; readonly session?: Session } | undefined;
    return stored?.kind === 'stored' && stored.session !== undefined
      ? { ...stored, before: stored.session.list, hadCredit: false }
      : answer;
  };

  const sendToTable: Network['send'] = async (name, args, perform) => {
    if (faults.strike('throttled')) {
      throw throttled();
    }
    if (READS.has(name)) {
      return perform();
    }
    if (isTransaction(name, args) && faults.strike('transaction_conflict')) {
      throw error('TransactionCanceledException', 'TransactionConflict');
    }
    if (faults.strike('answer_lost')) {
      await perform();
      throw timedOut();
    }
    return faults.strike('answer_repeated') ? repeat(name, args, perform) : perform();
  };

  const sendToQueue: Network['send'] = async (_name, _args, perform) => {
    if (faults.strike('throttled')) {
      throw throttled();
    }
    if (faults.strike('answer_lost')) {
      await perform();
      throw timedOut();
    }
    return perform();
  };

  return {
    send: async (name, args, perform) => {
      await timeline.pause(latency());
      if (name.startsWith('sockets.')) {
        return perform();
      }
      return name.startsWith('alarms.') || name.startsWith('functionQueue.')
        ? sendToQueue(name, args, perform)
        : sendToTable(name, args, perform);
    },
  };
};
