import type { Faults } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { Timeline } from './timeline.ts';
import type { Say } from './trace.ts';

/** What every part of a world shares. */
export type Basics = {
  readonly timeline: Timeline;
  /** Uniform in [0, 1), from the seed. */
  readonly chance: () => number;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly say: Say;
};
