import type { Scenario } from '../execution.ts';
import { ACCESS } from './access.ts';
import { chaos } from './chaos.ts';
import { EDGES, RARE } from './edges.ts';
import { LATE, LONG } from './late.ts';
import { LOSSES } from './losses.ts';
import { PLAIN } from './plain.ts';
import { RACES } from './races.ts';
import { LOAD, SLOTS } from './slots.ts';

/** Those whose every place is tried, one fault at a time. */
export const STORIES: readonly Scenario[] = [...PLAIN, ...RACES, ...LOSSES, ...EDGES, ...SLOTS, ...LATE, ...ACCESS];
/** Long ones, for chance alone. */
export const SCENARIOS: readonly Scenario[] = [...STORIES, ...RARE, ...LONG, ...LOAD, chaos];
