import { describe, expect, it } from 'vitest';
import type { Logger } from '../../../lib/platform/logger.ts';
import { createReconcileHandler } from '../../../lib/platform/schedule/reconcile-handler.ts';

const open = (pages: Readonly<Record<string, { readonly repaired: number; readonly cursor?: string }>>) => {
  const asked: (string | undefined)[] = [];
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const logger: Logger = { debug: log, info: log, warn: log, error: log, with: () => logger };
  const handler = createReconcileHandler({
    jobs: {
      reconcile: async (cursor) => {
        asked.push(cursor);
        return pages[cursor ?? 'first'] ?? { repaired: 0 };
      },
    },
    logger,
  });
  /** @param turns pages that the time of the invocation lasts for */
  const invoke = (turns: number) => {
    let left = turns;
    return handler({}, { getRemainingTimeInMillis: () => (--left > 0 ? 20_000 : 7_999) });
  };
  return { asked, logged, invoke };
};

describe('the reconciler', () => {
  const PAGES = { first: { repaired: 0, cursor: 'b' }, b: { repaired: 2, cursor: 'c' }, c: { repaired: 1 } };

  it('looks at every page, and tells of what it repaired', async () => {
    const { asked, logged, invoke } = open(PAGES);
    expect(await invoke(9)).toEqual({ repaired: 3 });
    expect(asked).toEqual([undefined, 'b', 'c']);
    expect(logged).toEqual([expect.stringContaining('repaired')]);
  });

  it('leaves to its next turn what its time is too short for, and begins anew after the last page', async () => {
    const { asked, invoke } = open(PAGES);
    expect(await invoke(2)).toEqual({ repaired: 2 });
    expect(await invoke(2)).toEqual({ repaired: 1 });
    await invoke(1);
    expect(asked).toEqual([undefined, 'b', 'c', undefined]);
  });

  it('says nothing where nothing was amiss', async () => {
    const { logged, invoke } = open({});
    await invoke(9);
    expect(logged).toEqual([]);
  });
});
