import { describe, expect, it } from 'vitest';
import { prefersText } from '../../../lib/platform/http/prefers-text.ts';

describe('prefersText', () => {
  it.each(['text/plain', 'text/*', 'TEXT/PLAIN', 'text/plain, */*;q=0.5', 'application/json;q=0.1, text/plain;q=0.9'])(
    'is true for %s',
    (accept) => {
      expect(prefersText(accept)).toBe(true);
    },
  );

  it.each([
    undefined,
    '',
    '*/*',
    'application/json',
    'application/json, text/plain, */*',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/plain;q=0',
    'text/plain;q=0.2, application/*;q=0.3',
    'text/plain;q=x;, application/json',
  ])('is false for %s', (accept) => {
    expect(prefersText(accept)).toBe(false);
  });
});
