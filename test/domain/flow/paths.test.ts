import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactJson } from '../../../lib/domain/exact-json.ts';
import type { Json } from '../../../lib/domain/flow/flow.ts';
import { meaningOf, parsePath, referencesOf, resolve } from '../../../lib/domain/flow/paths.ts';
import { readOutput } from '../../../lib/domain/flow/read-output.ts';
import { render } from '../../../lib/domain/flow/render.ts';

const roots = {
  instance: 'order_001',
  params: { deduct: { user_id: 'u1', amount: 100 } },
  outputs: {
    deduct: { order_id: 42, 'a b': { "it's": ['x', { deep: true }] }, none: null, 'back\\slash': 1 },
    plain: 'text',
  },
};

describe('a path', () => {
  it.each([
    ['$.deduct.output', roots.outputs.deduct],
    ['$.deduct.output.order_id', 42],
    [`$.deduct.output['a b']['it\\'s'][0]`, 'x'],
    [`$.deduct.output['a b']['it\\'s'][1].deep`, true],
    [`$.deduct.output['back\\\\slash']`, 1],
    ['$.deduct.output.none', null],
    ['$.plain.output', 'text'],
    ['$.params.deduct.amount', 100],
    ['$.params', roots.params],
    ['$.instance_id', 'order_001'],
  ])('%s leads to its value', (path, value) => {
    expect(resolve(path, roots)).toEqual(value);
  });

  it.each([
    '$.deduct.output.missing',
    '$.deduct.output.order_id.more',
    '$.deduct.output[0]',
    "$.deduct.output['a b'][\"it's\"]",
    '$.deduct',
    '$.deduct.params',
    '$.other.output',
    '$.params.other',
    '$.instance_id.length',
    '$.plain.output.length',
    '$.plain.output[0]',
    '$.constructor.output',
    '$.deduct.output.constructor',
    '$.deduct.output.__proto__',
    "$.deduct.output['a b'].*",
    '$.deduct.output..order_id',
    '$.deduct.output.',
    '$.',
    'deduct.output',
  ])('%s leads nowhere', (path) => {
    expect(resolve(path, roots)).toBeUndefined();
  });

  it('that is not understood to its end is none', () => {
    expect(parsePath('$.deduct.output[?(@.ok)]')).toBeUndefined();
    expect(parsePath("$.deduct.output['open")).toBeUndefined();
  });

  it('with two dollars is the text with one', () => {
    expect(meaningOf('$$.deduct.output', roots)).toBe('$.deduct.output');
    expect(meaningOf('$100', roots)).toBe('$100');
    expect(meaningOf('$$', roots)).toBe('$$');
  });

  it('reaches every place of every value', () => {
    const key = fc.string({ minLength: 1 }).filter((text) => text !== '__proto__');
    const placed = fc.letrec<{ place: { path: string; value: Json } }>((tie) => ({
      place: fc.oneof(
        { depthSize: 'small' },
        fc.constant({ path: '', value: 'found' }),
        fc.tuple(key, tie('place')).map(([name, { path, value }]) => ({
          path: `['${name.replace(/[\\']/g, '\\$&')}']${path}`,
          value: { other: 1, [name]: value },
        })),
        fc.tuple(fc.nat(3), tie('place')).map(([at, { path, value }]) => ({
          path: `[${at}]${path}`,
          value: [...Array.from({ length: at }, () => 0), value],
        })),
      ),
    })).place;
    fc.assert(
      fc.property(placed, ({ path, value }) => {
        expect(resolve(`$.a.output${path}`, { ...roots, outputs: { a: value } })).toBe('found');
      }),
    );
  });
});

describe('references', () => {
  it('name the steps whose outputs they need, each once', () => {
    const config = {
      a: '$.one.output.x',
      b: ['$.two.output', { c: '$.one.output' }],
      d: '$.params.x',
      e: '$$.six.output',
    };
    expect(referencesOf(config)).toEqual(['one', 'two']);
    expect(
      referencesOf({
        any: [{ not: { path: '$.three.output', op: 'at_least', value: '$.four.output' } }],
      }),
    ).toEqual(['three', 'four']);
  });
});

describe('render', () => {
  it('puts values in the place of references, and nothing else', () => {
    const config = {
      id: '$.deduct.output.order_id',
      note: 'about $.deduct.output',
      list: ['$.instance_id', 1, null],
      raw: '$$.x',
    };
    expect(render(config, roots)).toEqual({
      config: { id: 42, note: 'about $.deduct.output', list: ['order_001', 1, null], raw: '$.x' },
    });
  });

  it('does not read again what a reference stands for', () => {
    const outputs = { evil: { text: '$.params.secret', nested: ['$.instance_id'] } };
    expect(render({ a: '$.evil.output' }, { ...roots, outputs })).toEqual({ config: { a: outputs.evil } });
  });

  it('names everything that leads nowhere', () => {
    expect(render({ a: '$.x.output', b: { c: '$.params.y.z' }, d: '$.deduct.output.none' }, roots)).toEqual({
      problem: 'The configuration refers to what is not there: $.x.output, $.params.y.z',
    });
  });

  it('keeps every digit of a number, and a member of any name', () => {
    const outputs = { a: readOutput('{"order_id": 3735006524632641234, "rate": 1.10, "__proto__": 1}') };
    const rendered = render({ id: '$.a.output.order_id', all: '$.a.output' }, { ...roots, outputs });
    expect(JSON.stringify(rendered)).toBe(
      '{"config":{"id":3735006524632641234,"all":{"order_id":3735006524632641234,"rate":1.10,"__proto__":1}}}',
    );
    const config = parseExactJson('{"__proto__": {"x": "$.instance_id"}, "big": 12345678901234567890}') as {
      [key: string]: Json;
    };
    expect(JSON.stringify(render(config, roots))).toBe(
      '{"config":{"__proto__":{"x":"order_001"},"big":12345678901234567890}}',
    );
  });
});

describe('an output', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['"text"', 'text'],
    ['not JSON', 'not JSON'],
    ['', ''],
    ['null', null],
    [undefined, null],
  ])('of %j is %j', (text, value) => {
    expect(readOutput(text)).toEqual(value);
  });

  it('that would overflow its readers stays text', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(readOutput(deep)).toBe(deep);
  });
});
