import { randomUUID } from 'node:crypto';
import { UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { ThrottleStore } from '../../../application/ports/identity.ts';
import type { Table } from '../client.ts';
import { attemptWrite, type Written } from '../conditional.ts';
import type { Params } from '../run-params.ts';
import { latestTat, takeFirstParams, takeMoreParams } from './throttle-params.ts';

/** @param executions its rows are written as often as runs, and live as briefly: they are not among the definitions */
export const createThrottleStore = ({ client, name }: Table): ThrottleStore => {
  const update = (params: Params<UpdateCommandInput>, op: string): Promise<Written> =>
    attemptWrite(op, () => client.send(new UpdateCommand({ TableName: name, ...params })));

  return {
    take: async (key, asked) => {
      const latest = latestTat(asked);
      const refusedAt = (tat: number) => ({ kind: 'refused' as const, retryAt: Math.ceil(asked.now + tat - latest) });
      if (latest < asked.now) {
        // More than a full bucket holds: there is nothing to write.
        return refusedAt(asked.now);
      }
      const op = randomUUID();
      // A full bucket first: most callers come seldom, and those who come often take many tokens at a time.
      const first = await update(takeFirstParams(key, asked, op), op);
      if (first.kind === 'won') {
        return { kind: 'taken' };
      }
      // `tat` only grows, so what is too far ahead by now stays so for this call.
      const tat = Number(first.item?.tat);
      if (tat > latest) {
        return refusedAt(tat);
      }
      const more = await update(takeMoreParams(key, asked, op), op);
      return more.kind === 'won' ? { kind: 'taken' } : refusedAt(Number(more.item?.tat ?? tat));
    },
  };
};
