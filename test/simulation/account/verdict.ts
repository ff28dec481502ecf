import type { PromiseName, Violation } from '../promises.ts';

/** The first promise that was broken: what follows from it is of no interest. */
export type Verdict = {
  readonly fail: (promise: PromiseName, detail: string) => void;
  readonly must: (holds: boolean, promise: PromiseName, detail: () => string) => void;
  readonly violation: () => Violation | undefined;
};

export const createVerdict = (): Verdict => {
  let violation: Violation | undefined;
  const fail: Verdict['fail'] = (promise, detail) => {
    violation ??= { promise, detail };
  };
  return {
    fail,
    must: (holds, promise, detail) => {
      if (!holds) {
        fail(promise, detail());
      }
    },
    violation: () => violation,
  };
};
