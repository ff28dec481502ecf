/**
 * A random world from one number: its scenario, and which faults strike how often. Each world has a few kinds of fault only:
 * where everything fails at once, nothing gets far enough to fail in an interesting way.
 */
import { seeded } from '../support/seeded.ts';
import type { Scenario } from './execution.ts';
import { FAULT_KINDS, type FaultKind, type FaultRates } from './faults.ts';
import { chaos } from './scenarios/chaos.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { jobChaos } from './scenarios/job-chaos.ts';
import { sagaChaos } from './scenarios/saga-chaos.ts';

/** Of the kinds, so many are in a world; and more than half of the worlds are chaos, of runs, of jobs or of transactions. */
const SHARE_OF_KINDS = 0.25;
const SHARE_OF_CHAOS = 0.25;
const SHARE_OF_JOBS = 0.2;
const SHARE_OF_SAGAS = 0.3;
/** A fault strikes at one opportunity in 4 to one in 200. */
const RATE_MOST = 0.25;
const RATE_LEAST = 0.005;

/** What harms a worker, or takes minutes, comes more rarely: else no run is ever finished. */
const GRAVE: ReadonlySet<FaultKind> = new Set([
  'worker_died',
  'worker_paused',
  'frozen',
  'socket_half_open',
  'socket_dropped',
  'schedule_dead',
]);
const GRAVE_FACTOR = 0.25;

export const swarm = (seed: number): { readonly scenario: Scenario; readonly rates: FaultRates } => {
  // Another stream than the world's own, which begins with the same number.
  const chance = seeded(seed ^ 0x5bd1e995);
  const drawn = chance();
  const story = SCENARIOS[Math.floor(chance() * SCENARIOS.length)] ?? chaos;
  const shares = [
    [chaos, SHARE_OF_CHAOS],
    [jobChaos, SHARE_OF_JOBS],
    [sagaChaos, SHARE_OF_SAGAS],
  ] as const;
  let upTo = 0;
  const scenario =
    shares.find(([, share]) => {
      upTo += share;
      return drawn < upTo;
    })?.[0] ?? story;
  const rates: Partial<Record<FaultKind, number>> = {};
  for (const kind of FAULT_KINDS) {
    if (chance() < SHARE_OF_KINDS) {
      const rate = RATE_LEAST * (RATE_MOST / RATE_LEAST) ** chance();
      rates[kind] = GRAVE.has(kind) ? rate * GRAVE_FACTOR : rate;
    }
  }
  return { scenario, rates };
};
