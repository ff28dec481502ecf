import type { PutCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Attempts } from '../../attempt-log.ts';
import { isEqual, isNew } from '../actions.ts';
import type { Params } from '../run-params.ts';
import { attemptsKey } from './keys.ts';

/** @param seen `op` of the row that was read; absent: there was none */
export const putAttemptsParams = (
  key: string,
  log: { readonly attempts: Attempts; readonly ttl: number },
  seen: string | undefined,
  op: string,
): Params<PutCommandInput> => ({
  Item: { ...attemptsKey(key), ...log, op },
  ...(seen === undefined ? isNew() : isEqual('op', seen)),
});
