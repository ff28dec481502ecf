const sharedStart = (a: string, b: string): number => {
  let at = 0;
  while (at < a.length && a[at] === b[at]) {
    at += 1;
  }
  return at;
};

/**
 * The rows of a job's words. Each knows how many characters it shares with the job's word before it: a search for a longer
 * beginning finds the job here for the first time, a search for that many or fewer has found it already. So no job is found
 * twice, however its rows are spread over pages.
 */
export const wordRows = (words: readonly string[]): ReadonlyMap<string, number> => {
  const sorted = words.toSorted();
  return new Map(sorted.map((word, index) => [word, sharedStart(sorted[index - 1] ?? '', word)]));
};

/** Whether a search finds the job by this of its words, and by none before it. */
export const isFirstFound = (prefix: string, shared: number): boolean => shared < prefix.length;
