import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  handlerOfQueue,
  isOfKind,
  kindOf,
  meetsNeeds,
  queueOf,
  type WorkerNeeds,
} from '../../../lib/domain/fleet/needs.ts';
import { holds } from '../../support/properties.ts';
import { aSession } from '../../support/rows.ts';

const worker = aSession({
  name: 'node-1',
  worker: 'w-17',
  tags: ['gpu', 'eu'],
  labels: { zone: 'a', disk: 'ssd' },
  categories: ['report', 'mail'],
});

describe('what a run needs of a worker', () => {
  it.each<[WorkerNeeds | undefined, boolean]>([
    [undefined, true],
    [{}, true],
    [{ tags: [], workers: [], labels: {} }, true],
    [{ tags: ['gpu'] }, true],
    [{ tags: ['gpu', 'eu'] }, true],
    [{ tags: ['gpu', 'us'] }, false],
    [{ workers: ['node-1'] }, true],
    [{ workers: ['node-2', 'w-17'] }, true],
    [{ workers: ['node-2'] }, false],
    [{ labels: { zone: 'a' } }, true],
    [{ labels: { zone: 'a', disk: 'hdd' } }, false],
    [{ labels: { rack: 'a' } }, false],
    [{ labels: { constructor: 'a' } }, false],
    [{ category: 'mail' }, true],
    [{ category: 'deploy' }, false],
    [{ tags: ['gpu'], workers: ['w-17'], labels: { disk: 'ssd' }, category: 'report' }, true],
    [{ tags: ['us'], workers: ['w-17'] }, false],
  ])('%j: %s', (needs, expected) => {
    expect(meetsNeeds(worker, needs)).toBe(expected);
  });

  it('a worker that names no categories serves all; one without labels or an id of its own has none', () => {
    const plain = aSession({ name: 'node-1' });
    expect(meetsNeeds(plain, { category: 'deploy' })).toBe(true);
    expect(meetsNeeds(aSession({ categories: [] }), { category: 'deploy' })).toBe(false);
    expect(meetsNeeds(plain, { labels: { zone: 'a' } })).toBe(false);
    expect(meetsNeeds(plain, { workers: ['w-17'] })).toBe(false);
  });
});

describe('the kind of needs', () => {
  const shuffled = <T>(list: readonly T[] = []): T[] => [...list].reverse();
  const words = fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 });
  const someNeeds: fc.Arbitrary<WorkerNeeds> = fc.record(
    {
      tags: words,
      workers: words,
      labels: fc.dictionary(fc.string({ maxLength: 5 }), fc.string()),
      category: fc.string(),
    },
    { requiredKeys: [] },
  );

  it('is the same in whatever order they are written, and however often', () => {
    holds(
      fc.property(someNeeds, (needs) => {
        const { tags = [], workers = [], labels = {}, category } = needs;
        const rewritten = {
          ...(category === undefined ? {} : { category }),
          labels: Object.fromEntries(shuffled(Object.entries(labels))),
          workers: shuffled([...workers, ...workers]),
          tags: shuffled(tags),
        };
        expect(kindOf(rewritten)).toBe(kindOf(needs));
      }),
    );
  });

  it('differs where they ask for something else', () => {
    const all: WorkerNeeds[] = [
      { tags: ['a'] },
      { workers: ['a'] },
      { category: 'a' },
      { labels: { a: '' } },
      { labels: { a: 'b' } },
      { labels: { b: 'a' } },
      { tags: ['a', 'b'] },
      { tags: ['ab'] },
      { tags: ['a'], workers: ['b'] },
      { tags: ['b'], workers: ['a'] },
      { tags: ['a,b'] },
    ];
    expect(new Set(all.map(kindOf)).size).toBe(all.length);
    for (const needs of all) {
      expect(kindOf(needs)).toMatch(/^[a-z0-9]{1,13}$/);
    }
  });

  it('stays as it is: runs that wait were filed under it', () => {
    expect(kindOf({ tags: ['gpu'], labels: { zone: 'a' } })).toBe('2kkdmpmiqwht9');
  });
});

describe('the queue of a run', () => {
  it('is its handler’s, or one of its own for each kind of needs', () => {
    expect(queueOf({ handler: 'shell' })).toBe('shell');
    expect(queueOf({ handler: 'shell', needs: { tags: [] } })).toBe('shell');
    const queue = queueOf({ handler: 'shell', needs: { tags: ['gpu'] } });
    expect(queue).toBe(`shell\n${kindOf({ tags: ['gpu'] })}`);
    expect([handlerOfQueue(queue), handlerOfQueue('shell')]).toEqual(['shell', 'shell']);
    expect([isOfKind(queue), isOfKind('shell')]).toEqual([true, false]);
  });
});
