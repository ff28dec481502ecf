/** API A's envelope around what its handlers answer, and the refusals that several of them share. */
import { createHash } from 'node:crypto';
import type { Idempotency } from '../../../../application/api.ts';
import type { Caller } from '../../../../application/identity/api.ts';
import { EXISTS, KEY_REUSED, NOT_FOUND } from '../../../../contracts/http/a/inputs.ts';
import { badRequest } from '../../../../contracts/http/c-inputs.ts';
import { formatInstant } from '../../../../domain/instant.ts';

export const ok = <const S extends 200 | 201, const D>(status: S, data: D) =>
  ({ status, body: { code: 0, message: 'ok', data } }) as const;

export const UNKNOWN = { status: 404, error: NOT_FOUND } as const;
export const TAKEN = { status: 409, error: EXISTS } as const;
export const REUSED = { status: 409, error: KEY_REUSED } as const;

/** @param run that has not ended */
export const busy = (run: string) =>
  ({
    status: 409,
    error: `任务 ${run} 尚未结束: 并发策略 forbid 不允许同时运行, 请等待或取消该任务`,
  }) as const;

/** @param change what to change */
export const bad = (change: string) => ({ status: 400, error: badRequest(change) }) as const;

export const instantOrNull = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : formatInstant(epochMs);

/** The caller's key with a hash of what is asked for; nothing without a key. */
export const idempotencyOf = (
  headers: { readonly 'idempotency-key'?: string | undefined },
  { principal }: Caller,
  request: readonly unknown[],
): Idempotency | undefined => {
  const key = headers['idempotency-key'];
  return key === undefined
    ? undefined
    : {
        caller: principal.id,
        key,
        fingerprint: createHash('sha256').update(JSON.stringify(request)).digest('hex'),
      };
};

/** A page's place, as the engine takes it. */
export const placeOf = ({
  page,
  page_size,
  cursor,
}: {
  readonly page: number;
  readonly page_size: number;
  readonly cursor?: string | undefined;
}) => (cursor === undefined ? { offset: (page - 1) * page_size } : { cursor });

/** A list's answer around its items. */
export const pageOf = <T>(
  { page, page_size }: { readonly page: number; readonly page_size: number },
  results: T[],
  { total, cursor, partial }: { readonly total: number; readonly cursor?: string; readonly partial: boolean },
) => ({
  page,
  page_size,
  count: total,
  results,
  ...(cursor === undefined ? {} : { next_cursor: cursor }),
  ...(partial ? ({ partial: true } as const) : {}),
});
