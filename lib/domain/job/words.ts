/** The words that a job is found by: a search is a look at an index of them, never a reading of every job. */
import type { JobDetails } from './job.ts';

/** Each word is a row of its own beside the job. */
const MAX_WORDS = 20;
const MAX_WORD_CHARS = 32;

/** Han and kana are written without spaces: a run of them is one word here, and each of its ends is another. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+|[[\p{L}\p{M}\p{N}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]]+/gv;
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u;

const cut = (characters: readonly string[]): string => characters.slice(0, MAX_WORD_CHARS).join('');

/** The words of a text, as they are looked up: in compatibility form, lower-cased, of letters and digits alone. */
export const wordsOf = (text: string): readonly string[] =>
  (text.normalize('NFKC').toLowerCase().match(WORD) ?? []).map((word) => cut([...word]));

/** Every end of an unspaced run, so that what stands in its middle begins one of them. */
const endsOf = (text: string): readonly string[] =>
  (text.normalize('NFKC').toLowerCase().match(WORD) ?? [])
    .filter((word) => UNSPACED.test(word))
    .flatMap((word) => {
      const characters = [...word];
      return characters.slice(1).map((_, index) => cut(characters.slice(index + 1)));
    });

const commandOf = (payload: string): string => {
  try {
    const { command } = (JSON.parse(payload) ?? {}) as { readonly command?: unknown };
    return typeof command === 'string' ? command : '';
  } catch {
    return '';
  }
};

/** At most 20 distinct words; where there are more, those of the name come first and those of the command last. */
export const jobWords = (
  { name, description }: Pick<JobDetails, 'name' | 'description'>,
  payload: string,
): readonly string[] => {
  const texts = [name, description, commandOf(payload)];
  return [...new Set([...texts.flatMap(wordsOf), ...texts.flatMap(endsOf)])].slice(0, MAX_WORDS);
};
