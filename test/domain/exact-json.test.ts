import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nestsDeeperThan, parseExactJson } from '../../lib/domain/exact-json.ts';

const reprint = (text: string): string => JSON.stringify(parseExactJson(text));

describe('parseExactJson', () => {
  it.each([
    '12345678901234567890',
    '{"n":9007199254740993}',
    '[1.0,1e3,1E400,-0,0.1000000000000000055511151231257827]',
    '{"__proto__":{"polluted":true}}',
    '{"constructor":1}',
    '"\\ud800"',
    'null',
  ])('prints %s as it was written', (text) => {
    expect(reprint(text)).toBe(text);
  });

  it('does not touch the prototype of anything', () => {
    parseExactJson('{"__proto__":{"polluted":true}}');
    expect('polluted' in {}).toBe(false);
  });

  it('reads any JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(reprint(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what is not JSON', () => {
    expect(() => parseExactJson('{a:1}')).toThrow(SyntaxError);
  });
});

describe('nestsDeeperThan', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  it('counts levels of arrays and objects', () => {
    expect(nestsDeeperThan(nested(100), 100)).toBe(false);
    expect(nestsDeeperThan(nested(101), 100)).toBe(true);
    expect(nestsDeeperThan('{"a":[{"b":1}]}', 3)).toBe(false);
    expect(nestsDeeperThan('{"a":[{"b":1}]}', 2)).toBe(true);
  });

  it('counts depth, not how many there are', () => {
    expect(nestsDeeperThan(`[${'[],'.repeat(500)}[]]`, 2)).toBe(false);
  });

  it('ignores brackets inside strings, escaped quotes included', () => {
    expect(nestsDeeperThan('["\\"[[[[[[", "{{{{"]', 1)).toBe(false);
  });
});
