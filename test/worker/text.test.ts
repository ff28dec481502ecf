import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../lib/contracts/frames.ts';
import { resultFrame } from '../../lib/contracts/frames.ts';
import { MAX_FRAME_BYTES, MAX_RUNS_PER_FRAME } from '../../lib/contracts/limits.ts';
import { fitResult, packResults } from '../../lib/worker/result-size.ts';
import { createHeadTail, cutMiddle, cutToJsonBytes, jsonBytes } from '../../lib/worker/text.ts';

/** fast-check's own function is also typed for asynchronous properties. */
const holds = <T>(property: fc.IProperty<T>): void => fc.assert(property);
const anyText = fc.string({ unit: 'binary', maxLength: 600 });
const markOf = (text: string): number => Number(/… \[cut: (\d+) characters\]/.exec(text)?.[1]);

describe('a cut text', () => {
  it('is whole when it fits, and else says how much is missing between its head and its tail', () => {
    expect(cutMiddle('short', 100)).toBe('short');
    const cut = cutMiddle(`${'a'.repeat(500)}${'z'.repeat(500)}`, 100);
    expect(cut).toMatch(/^a+\n… \[cut: \d+ characters\]\nz+$/);
    expect(cut.length).toBeLessThanOrEqual(100);
    expect(cut.replace(/\n… .*\n/, '').length + markOf(cut)).toBe(1_000);
  });

  it('that is cut again has one mark, with the right number', () => {
    const twice = cutMiddle(cutMiddle('x'.repeat(100_000), 1_000), 200);
    expect(twice.split('… [cut').length).toBe(2);
    expect(twice.replace(/\n… .*\n/, '').length + markOf(twice)).toBe(100_000);
  });

  it('never exceeds its limit nor halves a character', () => {
    holds(
      fc.property(anyText, fc.integer({ min: 40, max: 300 }), (text, max) => {
        const cut = cutMiddle(text, max);
        expect(cut.length).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(text.isWellFormed());
      }),
    );
  });

  it('fits a number of bytes inside JSON', () => {
    holds(
      fc.property(anyText, fc.integer({ min: 2, max: 300 }), (text, max) => {
        expect(jsonBytes(cutToJsonBytes(text, max))).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('is the same whether it came at once or in pieces', () => {
    holds(
      fc.property(fc.array(anyText, { maxLength: 8 }), fc.integer({ min: 60, max: 200 }), (pieces, max) => {
        const collected = createHeadTail(max);
        for (const piece of pieces) collected.push(piece);
        expect(collected.read()).toBe(cutMiddle(pieces.join(''), max));
      }),
    );
  });
});

describe('results', () => {
  const result = (fields: Partial<RunResult>): RunResult => ({
    run: 'r'.repeat(128),
    attempt: 1,
    outcome: 'failed',
    reason: 'payload_unavailable',
    startedAt: Number.MAX_SAFE_INTEGER,
    durationMs: 0.1234567890123456,
    ...fields,
  });
  const long = fc
    .tuple(fc.constantFrom('x', '\u0001', '€', '🦄', '"'), fc.integer({ min: 0, max: 30_000 }))
    .map(([character, count]) => character.repeat(count));
  const session = 's'.repeat(64);

  it('of any size fit one frame that keeps the contract', () => {
    holds(
      fc.property(long, long, long, (output, error, log) => {
        const frame = {
          type: 'result',
          session,
          pool: session,
          rep: Number.MAX_SAFE_INTEGER,
          seen: Number.MAX_SAFE_INTEGER,
          limit: Number.MIN_SAFE_INTEGER,
          results: [fitResult(result({ output, error, log }))],
        };
        expect(resultFrame.safeParse(frame).success).toBe(true);
        expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThanOrEqual(MAX_FRAME_BYTES);
      }),
    );
  });

  it('are packed in order, none lost, each frame within its limits', () => {
    holds(
      fc.property(fc.array(fc.integer({ min: 0, max: 12_000 }), { maxLength: 250 }), (sizes) => {
        const results = sizes.map((size, index) => fitResult(result({ run: String(index), output: 'o'.repeat(size) })));
        const groups = packResults(results);
        expect(groups.flat()).toEqual(results);
        for (const group of groups) {
          expect(group.length).toBeLessThanOrEqual(MAX_RUNS_PER_FRAME);
          expect(Buffer.byteLength(JSON.stringify(group))).toBeLessThanOrEqual(MAX_FRAME_BYTES - 400);
        }
      }),
    );
  });
});
