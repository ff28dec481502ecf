/** Every HTTP operation there is, by its id. */
import { apiOperations } from './api-operations.ts';
import { identityOperations } from './identity-operations.ts';
import type { Operation } from './operation.ts';

export { apiOperations, identityOperations };
export const operations = { ...apiOperations, ...identityOperations };
export type Operations = typeof operations;
export type OperationId = keyof Operations;

/** An operation that the access table has a row for. */
export type KnownOperation = Operation & { readonly id: OperationId };
