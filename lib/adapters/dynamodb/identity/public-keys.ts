import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { PutCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import type { PublicJwk, PublicKeyStore } from '../../../application/ports/identity.ts';
import { isEqual, isNew } from '../actions.ts';
import type { Table } from '../client.ts';
import { attemptWrite, type Item, opOf } from '../conditional.ts';
import { readRow } from '../read.ts';
import type { Params } from '../run-params.ts';
import { PUBLIC_KEYS_KEY } from './keys.ts';

/** Only instances that start at the same moment with other keys write against each other. */
const TRIES = 5;

const decode = (item: Item | undefined): readonly PublicJwk[] => (item?.keys as readonly PublicJwk[] | undefined) ?? [];

/** @param seen `op` of the row that was read; absent: there was none */
export const publishParams = (
  keys: readonly PublicJwk[],
  seen: string | undefined,
  op: string,
): Params<PutCommandInput> => ({
  Item: { ...PUBLIC_KEYS_KEY, keys, op },
  ...(seen === undefined ? isNew() : isEqual('op', seen)),
});

export const createPublicKeyStore = (table: Table): PublicKeyStore => ({
  read: async () => decode(await readRow(table, PUBLIC_KEYS_KEY)),

  publish: async (keys) => {
    let row = await readRow(table, PUBLIC_KEYS_KEY);
    for (let tries = 1; tries <= TRIES; tries += 1) {
      if (row !== undefined && isDeepStrictEqual(decode(row), keys)) {
        return;
      }
      const op = randomUUID();
      const params = publishParams(keys, opOf(row), op);
      const written = await attemptWrite(op, () =>
        table.client.send(new PutCommand({ TableName: table.name, ...params })),
      );
      if (written.kind === 'won') {
        return;
      }
      row = written.item;
    }
    throw new Error('The public keys were not published: somebody publishes others at the same time');
  },
});
