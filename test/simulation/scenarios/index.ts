import type { Scenario } from '../execution.ts';
import { chaos } from './chaos.ts';
import { EDGES, RARE } from './edges.ts';
import { LOSSES } from './losses.ts';
import { PLAIN } from './plain.ts';
import { RACES } from './races.ts';

/** Those whose every place is tried, one fault at a time. */
export const STORIES: readonly Scenario[] = [...PLAIN, ...RACES, ...LOSSES, ...EDGES];
/** Long ones, for chance alone. */
export const SCENARIOS: readonly Scenario[] = [...STORIES, ...RARE, chaos];
