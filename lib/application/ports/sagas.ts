import type { FlowRow, FlowVersion } from '../../domain/flow/flow.ts';
import type { Run } from '../../domain/run.ts';
import type { Saga, SagaException } from '../../domain/saga/saga.ts';
import type { Reading } from './runs.ts';

/** Flows and their versions. Every write is conditional (rule W1). */
export type FlowStore = {
  /** @param version the first */
  readonly create: (flow: FlowRow, version: FlowVersion) => Promise<'created' | 'exists' | 'name_taken'>;
  readonly get: (id: string) => Promise<FlowRow | undefined>;
  /** Never changes: whoever read one may keep it. */
  readonly getVersion: (flow: string, version: number) => Promise<FlowVersion | undefined>;
  /** `version` of `before` is the condition; with a further version of the definition, or without. */
  readonly write: (
    before: FlowRow,
    after: FlowRow,
    definition?: FlowVersion,
  ) => Promise<'done' | 'changed' | 'name_taken'>;
  /** Those not deleted, newest first, at most `limit`. @param query.after id of the last one seen */
  readonly list: (query: { readonly after?: string; readonly limit: number }) => Promise<readonly FlowRow[]>;
  readonly count: () => Promise<number>;
};

/** What a change of a saga does to an exception, in the same transaction. */
export type ExceptionWrite =
  | { readonly kind: 'open'; readonly exception: SagaException }
  /** `version` of `before` is a condition of the whole transaction. */
  | { readonly kind: 'change'; readonly before: SagaException; readonly after: SagaException };

/** DynamoDB takes 100 rows in one transaction: the saga's own and these. */
export const MOST_EXCEPTION_WRITES = 99;

export type SagaWritten = 'done' | 'changed';

/** The rows of transactions. Every write is conditional (rule W1). */
export type SagaStore = {
  /**
   * The row, and who holds the instance's name, or nothing. `taken`: the instance was started before; its row may have expired.
   * @param nonce of the alarm armed for this row (rule A5)
   */
  readonly create: (
    saga: Saga,
    nonce: string,
  ) => Promise<
    | { readonly kind: 'created' }
    | { readonly kind: 'taken'; readonly no: string; readonly fingerprint: string }
    /** Another row has this number: draw another. */
    | { readonly kind: 'exists' }
    | { readonly kind: 'voided' }
  >;
  /** Who holds an instance's name, for ever. An eventual reading may not show it yet. Absent: a consistent one. */
  readonly find: (
    instance: string,
    reading?: Reading,
  ) => Promise<{ readonly no: string; readonly fingerprint: string } | undefined>;
  readonly get: (no: string, reading: Reading) => Promise<Saga | undefined>;
  /** `version` of `before` is the condition. At most {@link MOST_EXCEPTION_WRITES} exceptions. */
  readonly commit: (before: Saga, after: Saga, exceptions: readonly ExceptionWrite[]) => Promise<SagaWritten>;
  /** The runs of its steps and undos, in no particular order. */
  readonly runsOf: (no: string, reading: Reading) => Promise<readonly Run[]>;
  /** Puts off when the finished runs of its steps expire, with what lies beside them: it is not over yet. */
  readonly keepRuns: (no: string, until: number) => Promise<void>;
  /** Newest first, of one of the 16 shards. `flow`, or `failed` (the sparse index of those that wait for a person), or all. */
  readonly newest: (query: {
    readonly shard: number;
    readonly before?: string;
    readonly limit: number;
    readonly flow?: string;
    readonly failed?: true;
  }) => Promise<readonly Saga[]>;
  /** Rule A5: a commit prepared before this fails. */
  readonly fence: (no: string, g: number) => Promise<boolean>;
  readonly voidMissing: (no: string, nonce: string, expiresAt: number) => Promise<boolean>;
  /** Rule A6. @param version as read */
  readonly bump: (no: string, g: number, version: number, nonce: string) => Promise<boolean>;
};

export type SagaExceptionStore = {
  readonly get: (id: string) => Promise<SagaException | undefined>;
  /** What people note on it, without a change of its transaction. `version` of `before` is the condition. */
  readonly write: (before: SagaException, after: SagaException) => Promise<SagaWritten>;
  /** Newest first, of one of the 16 shards: all, those not handled (`open`), or those of one flow. */
  readonly newest: (query: {
    readonly shard: number;
    readonly before?: string;
    readonly limit: number;
    readonly flow?: string;
    readonly open?: true;
  }) => Promise<readonly SagaException[]>;
};
