import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { HEALTH_CHECK_MS } from '../aws-call.ts';
import type { Table } from './client.ts';

/** Reads an item that nobody writes: half a read unit. */
export const createTableCheck =
  ({ client, name }: Table): (() => Promise<void>) =>
  async () => {
    const Key = { pk: 'HEALTH', sk: 'HEALTH' };
    await client.send(new GetCommand({ TableName: name, Key }), { abortSignal: AbortSignal.timeout(HEALTH_CHECK_MS) });
  };
