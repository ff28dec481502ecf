import { randomUUID } from 'node:crypto';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { AttemptStore } from '../../../application/ports/identity.ts';
import { type Attempts, withAttempt, withoutAttempt } from '../../attempt-log.ts';
import type { Table } from '../client.ts';
import { attemptWrite, opOf } from '../conditional.ts';
import { pause } from '../pause.ts';
import { readRow } from '../read.ts';
import { toTtl } from '../ttl.ts';
import { putAttemptsParams } from './attempt-params.ts';
import { attemptsKey } from './keys.ts';

/** Each try lost means that another was counted, and at most 50 are (the limit of an address): beyond, it is a fault. */
const TRIES = 100;
/** Losses after which a writer waits a moment: so many meet only when somebody tries many passwords at once. */
const PATIENCE = 5;

type Log = { readonly attempts: Attempts; readonly ttl: number };

type Counted = Awaited<ReturnType<AttemptStore['count']>>;

/** What becomes of a log, and what its caller is told; without `log` nothing is written. */
type Decision<T> = { readonly log?: Log; readonly answer: T };

export const createAttemptStore = (table: Table): AttemptStore => {
  const { client, name } = table;

  /** Reads, decides and writes, if nobody wrote since; the loser's old item is what it decides on next. */
  const change = async <T>(key: string, decide: (log: Log | undefined) => Decision<T>): Promise<T> => {
    let row = await readRow(table, attemptsKey(key));
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const { log, answer } = decide(row && { attempts: row.attempts as Attempts, ttl: Number(row.ttl) });
      if (log === undefined) {
        return answer;
      }
      const op = randomUUID();
      const params = putAttemptsParams(key, log, opOf(row), op);
      const written = await attemptWrite(op, () => client.send(new PutCommand({ TableName: name, ...params })));
      if (written.kind === 'won') {
        return answer;
      }
      row = written.item;
      if (tries > PATIENCE) {
        await pause(1);
      }
    }
    throw new Error(`A try was not counted in ${TRIES} writes: too many come at once`);
  };

  return {
    count: (key, limit) =>
      change<Counted>(key, (log) => {
        const counted = withAttempt(log?.attempts ?? [], limit);
        if (counted.kind === 'limited') {
          return { answer: counted };
        }
        const { attempts } = counted;
        const ttl = toTtl((attempts.at(-1) ?? limit.now) + limit.windowMs);
        return { log: { attempts, ttl }, answer: { kind: 'counted' } };
      }),

    uncount: (key, now) =>
      change(key, (log) => {
        const attempts = withoutAttempt(log?.attempts ?? [], now);
        return log === undefined || attempts === undefined
          ? { answer: undefined }
          : { log: { ...log, attempts }, answer: undefined };
      }),

    // Unconditional on purpose: whatever was counted until this moment is forgotten, and twice is as good as once.
    clear: async (key) => {
      await client.send(new DeleteCommand({ TableName: name, Key: attemptsKey(key) }));
    },
  };
};
