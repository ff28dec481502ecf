/** What a whole simulation consists of, and what the slice of it that every change has to pass. */
import { type Account, firstCrashes, type Unit } from './explore.ts';
import { FAULT_KINDS } from './faults.ts';
import { STORIES } from './scenarios/index.ts';

export type Size = {
  /** Seeds of each story, at every place of which every kind of fault strikes once. */
  readonly seeds: number;
  /** Functions die at every place; other faults strike at each so-many-th. */
  readonly everyNth: number;
  /** Stories, at every pair of places of which functions die; those that are too long are left out. */
  readonly pairs: 'all' | readonly string[];
  /** Random worlds. */
  readonly random: number;
};

/** Places to die at, two for each port call. The pairs of a longer story would take as long as all others together. */
const PLACES_AT_MOST = 124;

export const WHOLE: Size = { seeds: 2, everyNth: 1, pairs: 'all', random: 5_000 };
export const SLICE: Size = { seeds: 1, everyNth: 3, pairs: ['one-shot'], random: 500 };

const RANDOM_PER_UNIT = 100;
const KINDS_PER_UNIT = 6;

/** Random worlds begin at `firstSeed`: another number, other worlds. */
export const unitsOf = async (size: Size, firstSeed: number): Promise<readonly Unit[]> => {
  const units: Unit[] = [];
  for (const { name } of STORIES) {
    for (let seed = 1; seed <= size.seeds; seed += 1) {
      for (let from = 0; from < FAULT_KINDS.length; from += KINDS_PER_UNIT) {
        const kinds = FAULT_KINDS.slice(from, from + KINDS_PER_UNIT);
        units.push({ way: 'singles', scenario: name, seed, kinds, everyNth: size.everyNth });
      }
    }
  }
  for (const story of STORIES) {
    const wanted = size.pairs === 'all' || size.pairs.includes(story.name);
    const places = wanted ? await firstCrashes(story, 1) : [];
    for (const first of places.length <= PLACES_AT_MOST ? places : []) {
      units.push({ way: 'pairs', scenario: story.name, seed: 1, first });
    }
  }
  for (let from = 0; from < size.random; from += RANDOM_PER_UNIT) {
    units.push({ way: 'random', from: firstSeed + from, count: Math.min(RANDOM_PER_UNIT, size.random - from) });
  }
  return units;
};

/** Kinds of fault that never struck, and port calls at which no function died: what the simulation has not tried. */
export const gapsOf = (account: Account): readonly string[] => [
  ...FAULT_KINDS.filter((kind) => account.kinds[kind] === undefined).map((kind) => `the fault ${kind} never struck`),
  ...[...account.calls]
    .sort()
    .flatMap((call) => ['before', 'after'].map((when) => `${when} ${call}`))
    .filter((place) => !account.crashed.has(place))
    .map((place) => `no function died ${place}`),
];

/** Port calls before and after which a function died. */
export const crashedCalls = (account: Account): number =>
  [...account.calls].filter((call) => account.crashed.has(`before ${call}`) && account.crashed.has(`after ${call}`))
    .length;
