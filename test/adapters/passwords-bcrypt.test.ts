import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compare, compareSync, getRounds } from 'bcryptjs';
import { describe, expect, it, vi } from 'vitest';
import { createBcryptPasswords } from '../../lib/adapters/passwords/bcrypt.ts';

vi.mock('bcryptjs', async (original) => {
  const real = await original<typeof import('bcryptjs')>();
  return { ...real, compare: vi.fn(real.compare) };
});

const quick = () => createBcryptPasswords({ cost: 4 });
const hashOf = (password: string): Promise<string> => quick().hash(password);

describe('passwords by bcrypt', () => {
  it('match their own hash only', async () => {
    const hash = await hashOf('correct horse');
    const { matches } = quick();
    await expect(matches('correct horse', hash)).resolves.toBe(true);
    await expect(matches('correct horsf', hash)).resolves.toBe(false);
    await expect(matches('', hash)).resolves.toBe(false);
    expect(compareSync('correct horse', hash)).toBe(true);
  });

  it('cost 2^12 rounds unless a test says otherwise', async () => {
    const hash = await createBcryptPasswords().hash('correct horse');
    expect(getRounds(hash)).toBe(12);
  });

  it('are the same however their accents were typed', async () => {
    const composed = 'cr\u00e8me br\u00fbl\u00e9e';
    const decomposed = composed.normalize('NFD');
    expect(decomposed).not.toBe(composed);
    await expect(quick().matches(decomposed, await hashOf(composed))).resolves.toBe(true);
    await expect(quick().matches(composed, await hashOf(decomposed))).resolves.toBe(true);
  });

  it('are never cut: 72 bytes are told apart to the last, 73 are refused', async () => {
    const longest = 'x'.repeat(72);
    await expect(quick().matches(`${longest.slice(0, 71)}y`, await hashOf(longest))).resolves.toBe(false);
    await expect(quick().hash(`${longest}y`)).rejects.toThrow(RangeError);
    await expect(quick().matches(`${longest}y`, undefined)).rejects.toThrow('72 bytes');
    // 24 characters of 3 bytes are 72; decomposed they would be more, but NFC comes first.
    await expect(quick().hash('\u20ac'.repeat(24))).resolves.toMatch(/^\$2b\$/);
    await expect(quick().hash('\u20ac'.repeat(25))).rejects.toThrow(RangeError);
    await expect(quick().hash('\u00e9'.repeat(36).normalize('NFD'))).resolves.toMatch(/^\$2b\$/);
  });

  it('cost the same work where there is no hash, and never match', async () => {
    const { hash, matches } = createBcryptPasswords({ cost: 5 });
    await matches('wrong horse', await hash('correct horse'));
    await expect(matches('wrong horse', undefined)).resolves.toBe(false);
    const compared = vi.mocked(compare).mock.calls.slice(-2);
    expect(compared.map(([password, known]) => [password, getRounds(known), known.length])).toEqual([
      ['wrong horse', 5, 60],
      // A hash of another length than 60 would be turned away unread.
      ['wrong horse', 5, 60],
    ]);
  });

  it('never match what is no hash at all', async () => {
    await expect(quick().matches('x', '')).resolves.toBe(false);
    await expect(quick().matches('x', 'x')).resolves.toBe(false);
  });

  it('are worked on one after another: side by side, four would hold up everybody else four times as long', async () => {
    const passwords = quick();
    const before = vi.mocked(compare).mock.calls.length;
    const begun = () => vi.mocked(compare).mock.calls.length - before;
    const all = [1, 2, 3, 4].map(() => passwords.matches('x', undefined).then(begun));
    // What had begun when each was done: itself, those before, and at most the next.
    for (const [index, count] of (await Promise.all(all)).entries()) {
      expect(count).toBeLessThanOrEqual(index + 2);
    }
    expect(begun()).toBe(4);
  });

  it('let others in after a failure', async () => {
    const passwords = quick();
    // 60 characters, so that it is looked at, and no version of bcrypt.
    const broken = `$9x$04$${'.'.repeat(53)}`;
    for (let i = 0; i < 9; i += 1) {
      await expect(passwords.matches('x', broken)).rejects.toThrow('salt');
    }
    const three = [1, 2, 3].map(() => passwords.matches('x', broken).catch(() => 'failed'));
    await expect(passwords.matches('x', await hashOf('x'))).resolves.toBe(true);
    expect(await Promise.all(three)).toEqual(['failed', 'failed', 'failed']);
  });

  it('leave the event loop free: a request is answered while they are compared', async () => {
    const server = createServer((_, response) => response.end('ok'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    let done = 0;
    const passwords = createBcryptPasswords();
    const all = [1, 2, 3, 4].map(async () => {
      await passwords.matches('correct horse', undefined);
      done += 1;
    });
    const response = await fetch(`http://127.0.0.1:${port}`);
    expect(await response.text()).toBe('ok');
    expect(done).toBeLessThan(4);
    await Promise.all(all);
    await new Promise((resolve) => server.close(resolve));
  });
});
