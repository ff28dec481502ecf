/** A search for jobs: one word is looked up, the others are looked for in what it finds. */
import type { Job } from '../../../domain/job/job.ts';
import { jobWords, wordsOf } from '../../../domain/job/words.ts';

/** @returns nothing where the text has no word: nothing can match it */
export const jobSearchOf = (
  text: string,
): { readonly prefix: string; readonly matches: (job: Job) => boolean } | undefined => {
  // The longest has the fewest beginnings in common with others.
  const [prefix, ...others] = [...new Set(wordsOf(text))].sort((a, b) => b.length - a.length);
  return prefix === undefined
    ? undefined
    : {
        prefix,
        matches: (job) => {
          const words = jobWords(job, job.payload ?? '');
          return others.every((other) => words.some((word) => word.startsWith(other)));
        },
      };
};
