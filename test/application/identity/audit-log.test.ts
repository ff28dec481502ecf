import { describe, expect, it } from 'vitest';
import { createMemoryIdentityStores } from '../../../lib/adapters/memory/identity/stores.ts';
import { createListAudit } from '../../../lib/application/identity/audit-log.ts';

/** Entries 1 … count; every tenth is a refusal, and each of those has an actor of its own. */
const createLog = async (count: number) => {
  const { audit } = createMemoryIdentityStores();
  for (let seq = 1; seq <= count; seq += 1) {
    const tenth = seq % 10 === 0;
    await audit.append({
      at: seq,
      actor: tenth ? `user:${seq}` : 'user:0',
      action: tenth ? 'access.refused' : 'login.succeeded',
      entity: 'user:0',
      address: '192.0.2.1',
      requestId: 'request',
    });
  }
  const reads: number[] = [];
  const listAudit = createListAudit({
    audit: {
      ...audit,
      newest: async (page) => {
        const entries = await audit.newest(page);
        reads.push(entries.length);
        return entries;
      },
    },
  });
  const seqs = async (...asked: Parameters<typeof listAudit>) => {
    const { entries, ...rest } = await listAudit(...asked);
    return { seqs: entries.map(({ seq }) => seq), ...rest };
  };
  return { seqs, read: () => reads.reduce((sum, count) => sum + count, 0) };
};

const REFUSED = { action: 'access.refused' } as const;

describe('the audit log', () => {
  it('is empty at first', async () => {
    const { seqs } = await createLog(0);
    expect(await seqs({ limit: 10, skip: 0 }, {})).toEqual({ seqs: [], partial: false, total: 0 });
    expect(await seqs({ limit: 10, skip: 30 }, REFUSED)).toEqual({ seqs: [], partial: false, total: 0 });
  });

  it('is listed from the newest, page by page', async () => {
    const { seqs } = await createLog(7);
    expect(await seqs({ limit: 3, skip: 0 }, {})).toEqual({ seqs: [7, 6, 5], next: 5, partial: false, total: 7 });
    expect(await seqs({ limit: 3, skip: 0, before: 5 }, {})).toEqual({
      seqs: [4, 3, 2],
      next: 2,
      partial: false,
      total: 7,
    });
    expect(await seqs({ limit: 3, skip: 0, before: 2 }, {})).toEqual({ seqs: [1], partial: false, total: 7 });
    expect(await seqs({ limit: 7, skip: 0 }, {})).toEqual({ seqs: [7, 6, 5, 4, 3, 2, 1], partial: false, total: 7 });
  });

  it('jumps to a page by number, whatever lies before it', async () => {
    const { seqs, read } = await createLog(3_000);
    expect(await seqs({ limit: 2, skip: 2_500 }, {})).toEqual({
      seqs: [500, 499],
      next: 499,
      partial: false,
      total: 3_000,
    });
    expect(read()).toBeLessThanOrEqual(3);
    expect(await seqs({ limit: 2, skip: 5_000 }, {})).toEqual({ seqs: [], partial: false, total: 3_000 });
    expect((await seqs({ limit: 2, skip: 0, before: 9_000 }, {})).seqs).toEqual([3_000, 2_999]);
  });

  it('is filtered by action, actor and entity', async () => {
    const { seqs } = await createLog(100);
    expect(await seqs({ limit: 3, skip: 0 }, REFUSED)).toEqual({
      seqs: [100, 90, 80],
      next: 80,
      partial: false,
      total: 100,
    });
    expect((await seqs({ limit: 3, skip: 0, before: 80 }, REFUSED)).seqs).toEqual([70, 60, 50]);
    expect((await seqs({ limit: 3, skip: 2 }, REFUSED)).seqs).toEqual([80, 70, 60]);
    expect(await seqs({ limit: 3, skip: 0 }, { actor: 'user:40', entity: 'user:0' })).toEqual({
      seqs: [40],
      partial: false,
      total: 100,
    });
    expect((await seqs({ limit: 3, skip: 0 }, { actor: 'user:40', entity: 'user:1' })).seqs).toEqual([]);
    expect((await seqs({ limit: 3, skip: 0 }, { actor: 'user:40', action: 'login.failed' })).seqs).toEqual([]);
  });

  it('examines 2,000 entries for a filter, says so, and goes on from there', async () => {
    const { seqs, read } = await createLog(3_000);
    const rare = { actor: 'user:10' };
    expect(await seqs({ limit: 5, skip: 0 }, rare)).toEqual({ seqs: [], next: 1_001, partial: true, total: 3_000 });
    expect(read()).toBe(2_001);
    expect(await seqs({ limit: 5, skip: 0, before: 1_001 }, rare)).toEqual({
      seqs: [10],
      partial: false,
      total: 3_000,
    });
  });

  it('ends on the entry that fills the page, even on the first one', async () => {
    const { seqs } = await createLog(11);
    expect(await seqs({ limit: 1, skip: 0 }, REFUSED)).toEqual({ seqs: [10], next: 10, partial: false, total: 11 });
    expect(await seqs({ limit: 10, skip: 0 }, { actor: 'user:0' })).toEqual({
      seqs: [11, 9, 8, 7, 6, 5, 4, 3, 2, 1],
      partial: false,
      total: 11,
    });
  });
});
