/** Hunts the deliberate bugs of the list: one, or all of them in as many threads as there are cores. */
import { isMainThread, parentPort } from 'node:worker_threads';
import { inThreads } from '../threads.ts';
import type { Bug } from './bug.ts';
import { BUGS } from './list.ts';
import { commandOf, type Hunted, search } from './search.ts';

/** What is wrong with a hunt, if anything: a bug that is found under another name than its own would mislead whoever reads it. */
export const problemOf = ({ breaks }: Bug, { found, executions }: Hunted): string | undefined => {
  if (found === undefined) {
    return `${executions} executions kept every promise, and it breaks ${breaks}`;
  }
  return found.promise === breaks
    ? undefined
    : `it breaks ${breaks}, and was taken for ${found.promise}: ${found.detail} (${commandOf(found.play)})`;
};

/** @returns what is wrong, if anything */
const hunt = async (bug: Bug): Promise<string | undefined> => {
  try {
    return problemOf(bug, await search(bug));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

type Answer = { readonly problem: string | undefined };

/** @returns how many there are, and what is wrong with those that were not caught */
export const huntAll = async (): Promise<{
  readonly total: number;
  readonly caught: number;
  readonly missed: readonly { readonly bug: string; readonly problem: string }[];
}> => {
  const missed: { bug: string; problem: string }[] = [];
  const names = BUGS.map(({ name }) => name);
  await inThreads(new URL(import.meta.url), names, (bug, { problem }: Answer) => {
    missed.push(...(problem === undefined ? [] : [{ bug, problem }]));
    return true;
  });
  return { total: BUGS.length, caught: BUGS.length - missed.length, missed };
};

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  port.on('message', (name: string) => {
    const bug = BUGS.find((one) => one.name === name);
    void (bug === undefined ? Promise.resolve(`there is no bug ${name}`) : hunt(bug)).then((problem) =>
      port.postMessage({ problem } satisfies Answer),
    );
  });
}
