/** API E's envelope around what its handlers answer, and the refusals that several of them share. */
import type { Page } from '../../../../application/sagas/api.ts';

export const ok = <const D>(data: D) => ({ status: 200, body: { code: 0, message: 'success', data } }) as const;

export const bad = (error: string) => ({ status: 400, error }) as const;

export const UNKNOWN_FLOW = { status: 404, error: 'flow not found' } as const;
export const UNKNOWN_INSTANCE = { status: 404, error: 'instance not found' } as const;
export const UNKNOWN_EXCEPTION = { status: 404, error: 'exception not found' } as const;

type Paging = { readonly page: number; readonly page_size: number };

export const placeOf = ({ page, page_size }: Paging) => ({ offset: (page - 1) * page_size, limit: page_size });

export const pageView = <T, V>({ page, page_size }: Paging, { rows, total, partial }: Page<T>, view: (row: T) => V) =>
  ok({
    list: rows.map(view),
    pagination: { page, page_size, total, ...(partial ? ({ partial: true } as const) : {}) },
  });

/** A page of what is there already. */
export const sliceOf = <T>(paging: Paging, all: readonly T[]): Page<T> => {
  const { offset, limit } = placeOf(paging);
  return { rows: all.slice(offset, offset + limit), total: all.length, partial: false };
};

/** What is given; the keys of what is not are not there. */
export const givenOf = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
