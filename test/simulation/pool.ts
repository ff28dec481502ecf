/** Explores units of work in threads. */
import { isMainThread, parentPort } from 'node:worker_threads';
import { type Account, explore, type Unit } from './explore.ts';
import { inThreads } from './threads.ts';

/** @param done after each unit; answers whether to go on */
export const exploreAll = (units: readonly Unit[], done: (account: Account) => boolean): Promise<void> =>
  inThreads(new URL(import.meta.url), units, (_unit, account: Account) => done(account));

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  port.on('message', (unit: Unit) => void explore(unit).then((account) => port.postMessage(account)));
}
