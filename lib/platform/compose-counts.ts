import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { openTable } from '../adapters/dynamodb/client.ts';
import { createCountStore } from '../adapters/dynamodb/counts.ts';
import type { Engine } from '../application/api.ts';
import { createCountChanges } from '../application/runs/count-changes.ts';
import { makeOp } from './token.ts';

/** The stream consumer counts and does nothing else: it gets no queue, no sockets and no schedules. */
export const composeCounts = (
  tableName: string,
  { dynamodb, now = Date.now }: { readonly dynamodb?: DynamoDBClient; readonly now?: () => number } = {},
): Engine['countChanges'] =>
  createCountChanges({ counts: createCountStore(openTable(tableName, dynamodb), makeOp), now });
