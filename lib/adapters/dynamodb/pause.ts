import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 10;
/** Well below the 28 s that a function has. */
const LONGEST_MS = 320;

/** Waits by chance, longer with each round, so that those who met once do not meet again. @param round from 1 */
export const pause = (round: number): Promise<void> => sleep(randomInt(Math.min(LONGEST_MS, FIRST_MS * 2 ** round)));
