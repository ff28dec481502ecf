import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ChainVerdict, type NotedHead, verifyChain } from '../../../lib/application/identity/verify-chain.ts';
import { type AuditEntry, auditText, CHAIN_BEGIN } from '../../../lib/domain/identity/audit.ts';

const hashOf = (entry: Omit<AuditEntry, 'hash'>): string => createHash('sha256').update(auditText(entry)).digest('hex');

/** Entries 1 … `count`, oldest first. */
const chain = (count: number): AuditEntry[] => {
  const entries: AuditEntry[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const previous = entries.at(-1)?.hash ?? CHAIN_BEGIN;
    const entry = {
      ...{ seq, previous, at: 1_000 * seq, actor: 'user:1', action: 'user.updated' as const, entity: `user:${seq}` },
      ...{ address: '127.0.0.1', requestId: `request-${seq}` },
    };
    entries.push({ ...entry, hash: hashOf(entry) });
  }
  return entries;
};

async function* newestFirst(entries: readonly AuditEntry[]): AsyncGenerator<AuditEntry> {
  yield* entries.toReversed();
}

const verify = (entries: readonly AuditEntry[], noted?: readonly NotedHead[]): Promise<ChainVerdict> =>
  verifyChain(newestFirst(entries), noted);

const at = (entries: readonly AuditEntry[], seq: number): AuditEntry => {
  const entry = entries[seq - 1];
  if (entry === undefined) {
    throw new Error(`There is no entry ${seq}`);
  }
  return entry;
};

describe('the audit log', () => {
  it('is whole as it was written', async () => {
    const entries = chain(5);
    expect(await verify(entries)).toEqual({ kind: 'whole', entries: 5, head: { seq: 5, hash: at(entries, 5).hash } });
    expect(await verify([])).toEqual({ kind: 'whole', entries: 0, head: undefined });
  });

  it.each(['at', 'actor', 'action', 'entity', 'address', 'requestId', 'detail'] as const)(
    'shows a changed %s',
    async (field) => {
      const entries = chain(5);
      entries[2] = { ...at(entries, 3), [field]: field === 'at' ? 1 : 'changed' };
      expect(await verify(entries)).toMatchObject({ kind: 'broken', seq: 3 });
    },
  );

  it('shows an entry that was changed and hashed anew', async () => {
    const entries = chain(5);
    const changed = { ...at(entries, 3), actor: 'user:2' };
    entries[2] = { ...changed, hash: hashOf(changed) };
    expect(await verify(entries)).toMatchObject({ kind: 'broken', seq: 3, what: expect.stringContaining('followed') });
  });

  it('shows an entry that was cut out', async () => {
    const entries = chain(5).filter(({ seq }) => seq !== 3);
    expect(await verify(entries)).toEqual({ kind: 'broken', seq: 3, what: 'entry 3 is missing' });
  });

  it('shows that its beginning was cut off', async () => {
    expect(await verify(chain(5).slice(2))).toMatchObject({ kind: 'broken', seq: 2 });
  });

  it('shows by a noted hash that its end was cut off', async () => {
    const entries = chain(5);
    const noted = [{ seq: 5, hash: at(entries, 5).hash }];
    expect(await verify(entries.slice(0, 4))).toMatchObject({ kind: 'whole' });
    expect(await verify(entries.slice(0, 4), noted)).toMatchObject({ kind: 'broken', seq: 5 });
    expect(await verify([], noted)).toMatchObject({ kind: 'broken', seq: 5 });
  });

  it('shows by a noted hash that all of it was written anew', async () => {
    const noted = [{ seq: 3, hash: at(chain(3), 3).hash }];
    const forged: AuditEntry[] = [];
    for (const entry of chain(5)) {
      const other = { ...entry, actor: 'user:2', previous: forged.at(-1)?.hash ?? CHAIN_BEGIN };
      forged.push({ ...other, hash: hashOf(other) });
    }
    expect(await verify(forged)).toMatchObject({ kind: 'whole' });
    expect(await verify(forged, noted)).toMatchObject({ kind: 'broken', seq: 3 });
    expect(await verify(chain(5), noted)).toMatchObject({ kind: 'whole' });
  });
});
