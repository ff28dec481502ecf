/**
 * A page of jobs costs the same however many there are. `npm run bench` shows it for 200,000; here few enough to
 * be written in seconds, and many more than a request may look through (2,000).
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LISTS, type ListName, type MeteredLists, openMeteredLists } from '../support/meter-lists.ts';

const [FEW, MANY] = [200, 5_000];
const FILLED_WITHIN_MS = 5 * 60_000;

let few: MeteredLists;
let many: MeteredLists;

beforeAll(async () => {
  const place = inject('dynamodb');
  few = await openMeteredLists(FEW, place);
  many = await openMeteredLists(MANY, place);
}, FILLED_WITHIN_MS);
afterAll(() => {
  few.close();
  many.close();
});

describe('a page of 50 jobs', () => {
  it.each(Object.keys(LISTS) as ListName[])(`costs the same of ${MANY} as of ${FEW}: %s`, async (list) => {
    const [small, large] = [await few.costOf(list), await many.costOf(list)];
    for (const [page, same] of [
      [small[0], large[0]],
      [small[1], large[1]],
    ]) {
      expect(page?.items).toBe(same?.items);
      expect(page?.reads).toBe(same?.reads);
    }
    expect(small[0]).toMatchObject({ items: 50, writes: 0 });
    expect(small[0].reads).toBeGreaterThan(0);
  });
});
