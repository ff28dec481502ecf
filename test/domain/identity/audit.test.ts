import { describe, expect, it } from 'vitest';
import { type AuditEntry, auditText, CHAIN_BEGIN } from '../../../lib/domain/identity/audit.ts';

type Hashed = Omit<AuditEntry, 'hash'>;

const entry: Hashed = {
  seq: 7,
  previous: 'a'.repeat(64),
  at: 1_000,
  actor: 'user:1',
  action: 'key.created',
  entity: 'key:2',
  address: '192.0.2.1',
  requestId: 'request',
  detail: 'for machines',
};
const { detail: _, ...wordless } = entry;

describe("an entry's text", () => {
  it.each<[keyof Hashed, Hashed]>([
    ['seq', { ...entry, seq: 8 }],
    ['previous', { ...entry, previous: 'b'.repeat(64) }],
    ['at', { ...entry, at: 1_001 }],
    ['actor', { ...entry, actor: 'user:3' }],
    ['action', { ...entry, action: 'key.revoked' }],
    ['entity', { ...entry, entity: 'key:3' }],
    ['address', { ...entry, address: '192.0.2.2' }],
    ['requestId', { ...entry, requestId: 'other' }],
    ['detail', { ...entry, detail: 'for people' }],
    ['detail', wordless],
  ])('is another with another %s', (_field, changed) => {
    expect(auditText(changed)).not.toBe(auditText(entry));
  });

  it('is another where words only moved from one field to the next', () => {
    const one = { ...entry, actor: 'a', entity: 'b', address: 'c","d', requestId: 'e' };
    const other = { ...entry, actor: 'a', entity: 'b', address: 'c', requestId: 'd","e' };
    expect(auditText(one)).not.toBe(auditText(other));
  });

  it('does not depend on the order in which a row lists its fields', () => {
    const reversed: Hashed = {
      detail: 'for machines',
      requestId: 'request',
      address: '192.0.2.1',
      entity: 'key:2',
      action: 'key.created',
      actor: 'user:1',
      at: 1_000,
      previous: 'a'.repeat(64),
      seq: 7,
    };
    expect(auditText(reversed)).toBe(auditText(entry));
  });

  // Entries live for ever: under another text, each log that exists would count as forged.
  it('stays what it was when the entries of today were written', () => {
    const before = `[7,"${'a'.repeat(64)}",1000,"user:1","key.created","key:2","192.0.2.1","request"`;
    expect(auditText(entry)).toBe(`${before},"for machines"]`);
    expect(auditText(wordless)).toBe(`${before},""]`);
  });
});

it('the chain begins with what is as long as a hash, and is none', () => {
  expect(CHAIN_BEGIN).toBe('0000000000000000000000000000000000000000000000000000000000000000');
});
