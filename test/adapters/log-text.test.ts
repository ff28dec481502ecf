/** The end of a log: 100 MB, and what it says there. */
import { describe, expect, it } from 'vitest';
import { planAppend, planReplace, textFrom } from '../../lib/adapters/log-text.ts';
import { MAX_LOG_BYTES } from '../../lib/contracts/limits.ts';
import { NOW } from '../support/rows.ts';

const AS = { now: NOW, expiresAt: NOW + 1 };
const headOf = (size: number, truncated = false) => ({
  ...{ run: '1', storage: 'db', size, truncated, createdAt: 1, updatedAt: 1, streamed: {} },
});

describe('a log that is nearly full', () => {
  it('takes what just fits', () => {
    const planned = planAppend('1', headOf(MAX_LOG_BYTES - 3), '世', AS);
    expect(planned?.head).toMatchObject({ size: MAX_LOG_BYTES, truncated: false });
  });

  it.each([100, 101, 102, 103])('cuts the rest between characters, with a mark (%i bytes left)', (left) => {
    const planned = planAppend('1', headOf(MAX_LOG_BYTES - left), '世'.repeat(50), AS);
    const text = planned?.added.toString() ?? '';
    expect(text).toMatch(/^世{15,18}\n\[The log is full: what came after is not kept\.\]\n$/);
    expect(planned?.head.truncated).toBe(true);
    expect(planned?.head.size).toBeLessThanOrEqual(MAX_LOG_BYTES);
    expect(planned?.head.size).toBe(MAX_LOG_BYTES - left + (planned?.added.length ?? 0));
  });

  it('takes nothing more', () => {
    expect(planAppend('1', headOf(MAX_LOG_BYTES - 1, true), 'x', AS)).toBeUndefined();
  });

  it('may be replaced', () => {
    const { head, added } = planReplace('1', headOf(MAX_LOG_BYTES, true), 'new', AS);
    expect(head).toMatchObject({ size: 3, truncated: false });
    expect(added.toString()).toBe('new');
  });
});

describe('text from a position', () => {
  const stretch = (at: number, text: string) => ({ at, bytes: Buffer.from(text) });

  it('begins behind a character that the position lies in', () => {
    expect(textFrom([stretch(10, 'a世b')], 12, 10)).toEqual({ text: 'b', next: 15 });
  });

  it('begins where there is something again', () => {
    expect(textFrom([stretch(10, 'ab')], 5, 10)).toEqual({ text: 'ab', next: 12 });
  });
});
