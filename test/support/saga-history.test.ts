/** The judge of histories finds what it is there to find. */
import { describe, expect, it } from 'vitest';
import { type HistoryPlan, historyProblems, type SagaEffect } from './saga-history.ts';

const PLAN: HistoryPlan = {
  a: { needs: [], hasUndo: true },
  b: { needs: ['a'], hasUndo: true },
};

/** `do a`, `undo b`, `start a 2`: an attempt with its end, or without. */
const read = (...lines: readonly string[]): readonly SagaEffect[] =>
  lines.flatMap((line) => {
    const [word = '', step = '', attempt = '1'] = line.split(' ');
    const effect = { saga: '1', step, undo: word === 'undo', n: 1, attempt: Number(attempt) };
    const end = { do: 'done', undo: 'done', fail: 'failed', stop: 'stopped' }[word] as SagaEffect['what'] | undefined;
    return [{ ...effect, what: 'start' as const }, ...(end === undefined ? [] : [{ ...effect, what: end }])];
  });

describe('a valid history', () => {
  it.each([
    ['success', ['do a', 'do b']],
    ['success', ['fail a', 'do a 2', 'do b']],
    ['compensated', ['do a', 'fail b', 'undo a']],
    ['compensated', ['do a', 'do b', 'undo b', 'undo a']],
    ['compensated', ['do a', 'stop b', 'undo b', 'undo a']],
  ] as const)('that ends as %s: %j', (end, lines) => {
    expect(historyProblems(read(...lines), PLAN, end)).toEqual([]);
  });
});

it('undoes what its transaction does not know about, and nothing else that was not done', () => {
  const effects = read('do a', 'undo b', 'undo a');
  expect(historyProblems(effects, PLAN, 'compensated', new Set(['b']))).toEqual([]);
  expect(historyProblems(effects, PLAN, 'compensated')).toEqual([
    'undo of b, run 1, attempt 1 began, and the step was not done',
  ]);
});

describe('no valid history', () => {
  it.each([
    ['a step is missing', 'success', ['do a'], 'b is not done'],
    ['a step comes too early', 'success', ['do b', 'do a'], 'b, run 1, attempt 1 began, and a was not done'],
    [
      'an attempt comes twice',
      'success',
      ['fail a', 'do a', 'do b'],
      'a, run 1, attempt 1 came after run 1, attempt 1',
    ],
    [
      'a step is done twice',
      'success',
      ['do a', 'do a 2', 'do b'],
      'a, run 1, attempt 2 began, and the step was already done',
    ],
    ['nothing is undone', 'compensated', ['do a', 'fail b'], 'a is not undone'],
    ['what was stopped is not undone', 'compensated', ['do a', 'stop b', 'undo a'], 'b is not undone'],
    [
      'it unwinds the wrong way round',
      'compensated',
      ['do a', 'do b', 'undo a', 'undo b'],
      'undo of a, run 1, attempt 1 began before b was undone',
    ],
    [
      'an undo comes twice',
      'compensated',
      ['do a', 'fail b', 'undo a', 'undo a 2'],
      'undo of a, run 1, attempt 2 began, and the step was not done',
    ],
    ['something is still at work', 'success', ['do a', 'do b', 'start b 2'], 'b is still at work'],
  ] as const)('%s', (_, end, lines, problem) => {
    expect(historyProblems(read(...lines), PLAN, end)).toContain(problem);
  });
});
