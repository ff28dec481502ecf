/** EventBridge's rule for the reconciler (J6): from the first job on, every five minutes, until no job is left. */
import type { Ledger } from '../ledger.ts';
import type { Timeline } from '../timeline.ts';
import type { Functions } from './functions.ts';

const EVERY_MS = 5 * 60_000;
/** Lambda leaves a function so much time: far more than the few jobs of a story need. */
const LEFT_MS = 60_000;

type Surroundings = { readonly timeline: Timeline; readonly ledger: Ledger; readonly functions: Functions };

export const createReconciler = ({ timeline, ledger, functions }: Surroundings) => {
  let begun = false;
  const isNeeded = (): boolean => [...ledger.jobs.values()].some(({ state }) => state !== 'deleted');
  const tick = (): void => {
    if (!isNeeded()) {
      begun = false;
      return;
    }
    void functions.invoke('reconcile', (handler) => handler({}, { getRemainingTimeInMillis: () => LEFT_MS }));
    timeline.after(EVERY_MS, tick);
  };
  return {
    begin: (): void => {
      if (!begun) {
        begun = true;
        timeline.after(EVERY_MS, tick);
      }
    },
  };
};
