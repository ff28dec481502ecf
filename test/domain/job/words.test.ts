import { describe, expect, it } from 'vitest';
import { jobWords, wordsOf } from '../../../lib/domain/job/words.ts';

const words = (name: string, description = '', payload = '{}') => jobWords({ name, description }, payload);

describe('the words of a text', () => {
  it.each<[string, readonly string[]]>([
    ['Nightly back-up_2026!', ['nightly', 'back', 'up', '2026']],
    ['ÜBER ﬁne Ⅷ', ['über', 'fine', 'viii']],
    ['数据备份db任务', ['数据备份', 'db', '任务']],
    ['データ処理', ['データ処理']],
    ['Đồng bộ', ['đồng', 'bộ']],
    ['--- 😀 #', []],
    ['', []],
    ['x'.repeat(40), ['x'.repeat(32)]],
  ])('%s', (text, expected) => {
    expect(wordsOf(text)).toEqual(expected);
  });
});

describe('the words that a job is found by', () => {
  it('are those of its name, description and command, each once', () => {
    expect(words('Dump', 'the dump of DB', '{"command":"pg_dump db","args":["-Fc"]}')).toEqual([
      'dump',
      'the',
      'of',
      'db',
      'pg',
    ]);
  });

  it('also begin within a run without spaces', () => {
    expect(words('每日备份')).toEqual(['每日备份', '日备份', '备份', '份']);
  });

  it.each(['[]', '"text"', 'null', '{"command":7}', 'no JSON'])(
    'are none of a payload without a command: %s',
    (payload) => {
      expect(words('one', '', payload)).toEqual(['one']);
    },
  );

  it('are twenty at most: those of the name first, whole words before their ends', () => {
    const many = Array.from({ length: 19 }, (_, index) => `w${index}`);
    expect(words(many.join(' '), '备份')).toEqual([...many, '备份']);
    expect(words(`${many.join(' ')} last`, '备份')).toEqual([...many, 'last']);
  });
});
