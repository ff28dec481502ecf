import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ancestorsOf, cyclesOf } from '../../../lib/domain/flow/graph.ts';

/** Each depends on some of those before it. */
const acyclic = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 2, maxLength: 30 }).map((rows) =>
  rows.map((row, at) => ({
    id: `n${at}`,
    dependsOn: at === 0 ? [] : [...new Set(row.map((other) => `n${other % at}`))],
  })),
);

describe('a graph', () => {
  it('without a way back has no cycle, and its nodes come after their ancestors', () => {
    fc.assert(
      fc.property(acyclic, (nodes) => {
        expect(cyclesOf(nodes)).toEqual([]);
        const place = new Map(nodes.map(({ id }, at) => [id, at]));
        for (const [id, above] of ancestorsOf(nodes)) {
          expect([...above].every((other) => (place.get(other) ?? 99) < (place.get(id) ?? -1))).toBe(true);
        }
      }),
    );
  });

  it('with a way back has a cycle, each of whose edges is there', () => {
    fc.assert(
      fc.property(acyclic, fc.nat(), (nodes, chance) => {
        const chain = nodes.map((node, at) =>
          at === 0 ? node : { ...node, dependsOn: [...node.dependsOn, `n${at - 1}`] },
        );
        const back = chance % chain.length;
        const cyclic = chain.map((node, at) =>
          at === back ? { ...node, dependsOn: [...node.dependsOn, `n${chain.length - 1}`] } : node,
        );
        const [cycle, ...others] = cyclesOf(cyclic);
        expect(others).toEqual([]);
        expect(cycle?.[0]).toBe(cycle?.at(-1));
        for (const [at, id] of (cycle ?? []).slice(0, -1).entries()) {
          expect(cyclic.find((node) => node.id === id)?.dependsOn).toContain(cycle?.[at + 1]);
        }
      }),
    );
  });

  it('with separate cycles shows each once', () => {
    const node = (id: string, ...dependsOn: string[]) => ({ id, dependsOn });
    expect(cyclesOf([node('a', 'b'), node('b', 'a'), node('c', 'c', 'a'), node('d', 'nobody')])).toEqual([
      ['a', 'b', 'a'],
      ['c', 'c'],
    ]);
  });
});
