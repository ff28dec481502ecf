import type { LogHead, LogStore } from '../../../application/ports/index.ts';
import { RUN_SHARDS } from '../../../domain/ids.ts';
import { planAppend, planReplace, type Stretch, textFrom } from '../../log-text.ts';
import type { Table } from '../client.ts';
import { pause } from '../pause.ts';
import { queryRows, readRow, readRows } from '../read.ts';
import { transact } from '../transact.ts';
import { logHeadKey, positionOf, runOfLogList } from './keys.ts';
import {
  decodeLog,
  newestLogsParams,
  pieceAtParams,
  piecesParams,
  removeLogActions,
  type StoredLog,
  writeLogActions,
} from './log-params.ts';

/** Others who wrote the same log first: beyond, it is a fault. */
const ROUNDS = 20;

type Planned = { readonly head: LogHead; readonly added: Buffer; readonly anew: boolean };
type Listed = Pick<LogHead, 'run' | 'createdAt'>;

/** Those from the first on that have no hole between them. */
const unbroken = (stretches: readonly Stretch[]): readonly Stretch[] => {
  const hole = stretches.findIndex(({ at }, index) => {
    const last = stretches[index - 1];
    return last !== undefined && last.at + last.bytes.length !== at;
  });
  return hole === -1 ? stretches : stretches.slice(0, hole);
};

/** @param makeOp a fresh token for each call (rule W1) */
export const createLogStore = (table: Table, makeOp: () => string): LogStore => {
  const find = async (run: string): Promise<StoredLog | undefined> => decodeLog(await readRow(table, logHeadKey(run)));

  /** From what is there to what is planned for it; again from what is there by then, where somebody was faster. */
  const change = async (
    run: string,
    expiresAt: number,
    plan: (head: LogHead | undefined) => Planned | undefined,
  ): Promise<LogHead> => {
    let before = await find(run);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const planned = plan(before?.head);
      if (planned === undefined) {
        if (before === undefined) {
          throw new Error(`The log of run ${run} is neither there nor made`);
        }
        return before.head;
      }
      const op = makeOp();
      const { head, added, anew } = planned;
      const text = before === undefined || anew ? op : before.text;
      const written = await transact(
        table,
        writeLogActions({ before, head, added, text, expiresAt, op }, table.name),
        op,
      );
      if (written.kind === 'done') {
        return head;
      }
      before = decodeLog(written.by.get('row'));
      await pause(round);
    }
    throw new Error(`The log of run ${run} was written by others in each of ${ROUNDS} rounds`);
  };

  const piecesOf = async (run: string, text: string, from: number, to: number): Promise<readonly Stretch[]> => {
    const [at, behind] = await Promise.all([
      queryRows(table, pieceAtParams(run, text, from), 1),
      to <= from + 1 ? [] : queryRows(table, piecesParams(run, text, from, to)),
    ]);
    return [...at, ...behind]
      .map(({ sk, piece }) => ({ at: positionOf(String(sk)), bytes: Buffer.from(String(piece)) }))
      .filter((stretch) => stretch.at + stretch.bytes.length > from);
  };

  const newest = async (before: Listed | undefined, limit: number): Promise<readonly Listed[]> => {
    const shards = Array.from({ length: RUN_SHARDS }, (_, shard) =>
      queryRows(table, newestLogsParams(shard, before), limit, 'eventual'),
    );
    return (await Promise.all(shards))
      .flat()
      .map(({ sk }) => String(sk))
      .sort()
      .reverse()
      .slice(0, limit)
      .map((sk) => ({ run: runOfLogList(sk), createdAt: Number.parseInt(sk, 10) }));
  };

  return {
    append: (run, text, as) =>
      change(run, as.expiresAt, (head) => {
        const planned = planAppend(run, head, text, as);
        return planned && { ...planned, anew: false };
      }),

    replace: (run, text, as) =>
      change(run, as.expiresAt, (head) => ({ ...planReplace(run, head, text, as), anew: true })),

    head: async (run) => (await find(run))?.head,

    read: async (run, from, bytes) => {
      const log = await find(run);
      if (log === undefined || from >= log.head.size) {
        return { text: '', next: from };
      }
      const to = Math.min(log.head.size, from + bytes);
      const isWhole = ([first]: readonly Stretch[]): boolean => first !== undefined && first.at <= from;
      let pieces = await piecesOf(run, log.text, from, to);
      if (!isWhole(pieces)) {
        // A transaction that has just been applied may be seen in part. What is gone for good has expired.
        await pause(1);
        pieces = await piecesOf(run, log.text, from, to);
      }
      const { text, next } = textFrom(unbroken(pieces), from, bytes);
      return { text, next: pieces.length === 0 ? to : next };
    },

    remove: async (run) => {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const log = await find(run);
        if (log === undefined) {
          return false;
        }
        const written = await transact(table, removeLogActions(log, table.name), makeOp());
        if (written.kind === 'done') {
          return true;
        }
        await pause(round);
      }
      throw new Error(`The log of run ${run} was written by others in each of ${ROUNDS} rounds`);
    },

    list: async ({ before, limit }) => {
      const heads: LogHead[] = [];
      for (let last = before; ; ) {
        const wanted = limit - heads.length;
        const listed = await newest(last, wanted);
        const keys = listed.map(({ run }) => logHeadKey(run));
        const rows = (await readRows(table, keys, 'eventual')).flatMap((row) => decodeLog(row) ?? []);
        const found = new Map(rows.map(({ head }) => [head.run, head]));
        // One of the two may have expired, or the log been made anew meanwhile.
        heads.push(
          ...listed.flatMap(({ run, createdAt }) => {
            const head = found.get(run);
            return head?.createdAt === createdAt ? [head] : [];
          }),
        );
        if (listed.length < wanted || heads.length === limit) {
          return heads;
        }
        last = listed.at(-1);
      }
    },
  };
};
