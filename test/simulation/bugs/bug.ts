/** A deliberate bug: a small, plausible mistake in the product, and the promise that it breaks. */
import type { FaultKind } from '../faults.ts';
import type { PromiseName } from '../promises.ts';

/** A change of one place: `find` occurs exactly once in the file. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/** Where the bug shows itself soon. A hint that no longer fits only makes the hunt longer. */
export type Hint =
  /** A story as it goes without faults, or with these: `kind:nth, kind:nth`. */
  | { readonly scenario: string; readonly seeds?: readonly number[]; readonly faults?: string }
  /** Each opportunity of these kinds alone, the first ones left out. */
  | {
      readonly scenario: string;
      readonly seeds?: readonly number[];
      readonly kinds: readonly FaultKind[];
      readonly from?: number;
    }
  /** Each pair of the first opportunities of a kind. */
  | { readonly scenario: string; readonly seeds?: readonly number[]; readonly pairs: FaultKind; readonly upTo: number }
  /** A random world. */
  | { readonly random: number };

export type Bug = {
  readonly name: string;
  /** As docs/protocol.md numbers it. */
  readonly hole?: `H${number}`;
  readonly about: string;
  readonly edits: readonly Edit[];
  /** Several only where it breaks one as surely as the other. */
  readonly breaks: PromiseName | readonly [PromiseName, ...PromiseName[]];
  readonly where: readonly Hint[];
};
