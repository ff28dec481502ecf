import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds } from '../../../lib/domain/flow/condition.ts';
import type { Condition, Json } from '../../../lib/domain/flow/flow.ts';
import { readOutput } from '../../../lib/domain/flow/read-output.ts';

const roots = {
  instance: 'order_001',
  params: { limits: { max: 100 } },
  outputs: {
    a: { n: 100, text: 'beta', list: [1, { x: 1, y: 2 }], none: null, yes: true },
    exact: readOutput('{"id": 9007199254740993, "one": 1.0}'),
  },
};
const path = (rest: string) => `$.a.output.${rest}`;

describe('a comparison', () => {
  it.each<[string, Extract<Condition, { path: string }>['op'], Json, boolean]>([
    [path('n'), 'equals', 100, true],
    [path('n'), 'equals', '100', false],
    [path('n'), 'not_equals', 99, true],
    [path('list'), 'equals', [1, { y: 2, x: 1 }], true],
    [path('list'), 'equals', [1, { y: 2 }], false],
    [path('list[1]'), 'equals', { x: 1, y: 2, z: 3 }, false],
    [path('list'), 'equals', [1], false],
    [path('n'), 'greater', 99, true],
    [path('n'), 'greater', 100, false],
    [path('n'), 'at_least', 100, true],
    [path('n'), 'less', 101, true],
    [path('n'), 'less', 100, false],
    [path('n'), 'at_most', 100, true],
    [path('n'), 'at_most', 99, false],
    [path('text'), 'greater', 'alpha', true],
    [path('text'), 'at_most', 'beta', true],
    [path('text'), 'greater', 1, false],
    [path('text'), 'at_most', 1, false],
    [path('n'), 'less', '9', false],
    [path('none'), 'at_least', null, false],
    [path('yes'), 'at_least', true, false],
    [path('n'), 'in', [1, 100], true],
    [path('n'), 'in', [], false],
    [path('list[1].x'), 'in', '$.a.output.list', true],
    [path('n'), 'exists', true, true],
    [path('none'), 'exists', true, false],
    [path('missing'), 'exists', false, true],
    [path('missing'), 'equals', null, true],
    [path('missing'), 'not_equals', 1, true],
    [path('n'), 'at_most', '$.params.limits.max', true],
    [path('n'), 'equals', '$.params.limits.min', false],
    ['$.instance_id', 'equals', 'order_001', true],
    ['$.exact.output.id', 'equals', 9007199254740992, false],
    ['$.exact.output.one', 'equals', 1, true],
    ['$.exact.output.one', 'at_least', 1, true],
    ['$.exact.output.id', 'greater', 5, true],
  ])('%s %s %j: %s', (at, op, value, expected) => {
    expect(holds({ path: at, op, value }, roots)).toBe(expected);
  });
});

const leaf = fc.boolean().map((yes): Condition => ({ path: '$.a.output.yes', op: 'equals', value: yes }));
const conditions = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((all): Condition => ({ all })),
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((any): Condition => ({ any })),
    tie('condition').map((not): Condition => ({ not })),
  ),
})).condition;

describe('all, any and not', () => {
  it('follow the laws of De Morgan', () => {
    fc.assert(
      fc.property(fc.array(conditions, { minLength: 1, maxLength: 4 }), (list) => {
        const negated = list.map((not): Condition => ({ not }));
        expect(holds({ not: { all: list } }, roots)).toBe(holds({ any: negated }, roots));
        expect(holds({ not: { any: list } }, roots)).toBe(holds({ all: negated }, roots));
      }),
    );
  });

  it('need each, one, none', () => {
    const [yes, no] = [true, false].map((value): Condition => ({ path: '$.a.output.yes', op: 'equals', value }));
    if (yes === undefined || no === undefined) {
      throw new Error('unreachable');
    }
    expect([holds({ all: [yes, no] }, roots), holds({ any: [no, yes] }, roots), holds({ not: no }, roots)]).toEqual([
      ...[false, true, true],
    ]);
  });
});

describe('any condition', () => {
  it('has an answer for any values', () => {
    const ops = fc.constantFrom<Extract<Condition, { path: string }>['op'][]>(
      'equals',
      'less',
      'at_least',
      'in',
      'exists',
    );
    fc.assert(
      fc.property(ops, fc.jsonValue(), fc.jsonValue(), (op, a, b) => {
        const outputs = { a: a as Json };
        const answer = holds({ path: '$.a.output', op, value: b as Json }, { ...roots, outputs });
        expect(typeof answer).toBe('boolean');
        expect(holds({ path: '$.a.output', op: 'equals', value: '$.a.output' }, { ...roots, outputs })).toBe(true);
      }),
    );
  });
});
