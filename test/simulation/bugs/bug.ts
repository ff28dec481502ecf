/** A deliberate bug: a small, plausible mistake in the product, and the promise that it breaks. */
import type { FaultKind } from '../faults.ts';
import type { PromiseName } from '../promises.ts';

/** A change of one place: `find` occurs exactly once in the file. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/** Where the bug shows itself soon. A hint that no longer fits only makes the hunt longer. */
export type Hint = {
  /** The story as it goes without faults, in each of these worlds (default: the first); and then … */
  readonly scenario: string;
  readonly seeds?: readonly number[];
  /** … each opportunity of these kinds alone, from this one on; */
  readonly kinds?: readonly FaultKind[];
  readonly from?: number;
  /** … each of the first opportunities of one kind with each of another, or of the same. */
  readonly pairs?: { readonly of: readonly [FaultKind, FaultKind]; readonly first: number };
};

export type Bug = {
  readonly name: string;
  /** As docs/protocol.md numbers it. */
  readonly hole?: `H${number}`;
  readonly about: string;
  readonly edits: readonly Edit[];
  readonly breaks: PromiseName;
  readonly where: readonly Hint[];
};
