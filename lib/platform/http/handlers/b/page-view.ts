/** API B's lists, and the refusals that several of its handlers share. */
import type { ListInput } from '../../../../application/api.ts';

export const KEY_REUSED = {
  status: 409,
  error: '幂等键冲突: 该 Idempotency-Key 已用于其他请求，请换一个',
} as const;
export const UNKNOWN_TASK = { status: 404, error: '任务不存在' } as const;

type Paging = { readonly page: number; readonly size: number; readonly cursor?: string | undefined };

export const fromOf = ({ page, size, cursor }: Paging): ListInput['from'] =>
  cursor === undefined ? { offset: (page - 1) * size } : { cursor };

type Page = { readonly total: number; readonly cursor?: string; readonly partial: boolean };

export const pageView = <T>(items: readonly T[], { page, size }: Paging, found: Page) => ({
  items: [...items],
  total: found.total,
  page,
  page_size: size,
  total_pages: Math.ceil(found.total / size),
  ...(found.cursor === undefined ? {} : { next_cursor: found.cursor }),
  ...(found.partial ? ({ partial: true } as const) : {}),
});

export const NOTHING: Page = { total: 0, partial: false };
