import { expect, it } from 'vitest';
import { itemBytes } from './item-size.ts';

it.each<[string, object, number]>([
  ['a string: name and UTF-8 bytes', { ab: 'ü€' }, 2 + 5],
  ['a small number', { a: 5 }, 1 + 2],
  ['an instant in milliseconds', { a: 1_893_456_001_234 }, 1 + 8],
  ['trailing zeros, which are not significant', { a: 1_893_456_000_000 }, 1 + 5],
  ['zero', { a: 0 }, 1 + 1],
  ['a fraction', { a: 33.25 }, 1 + 3],
  ['a negative number', { a: -7 }, 1 + 3],
  ['a boolean', { a: true }, 1 + 1],
  ['nothing, which is not written', { a: undefined }, 0],
  ['an empty list', { a: [] }, 1 + 3],
  ['a list', { a: ['bc', 'd'] }, 1 + 3 + 2 + 1 + 1 + 1],
  ['a map', { a: { bc: 'de' } }, 1 + 3 + 1 + 4],
  ['a set', { a: new Set(['bc', 'd']) }, 1 + 3],
])('an item with %s', (_case, item, bytes) => {
  expect(itemBytes(item)).toBe(bytes);
});
