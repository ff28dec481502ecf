/** Which workers may execute a run, and which of them is preferred. */
import type { Session } from '../session.ts';

/** What a worker has to have; all of it. Absent: any worker of the pool that knows the handler. */
export type WorkerNeeds = {
  /** All of these. */
  readonly tags?: readonly string[];
  /** Names or ids: any one of these. */
  readonly workers?: readonly string[];
  /** All of these, with these values. */
  readonly labels?: Readonly<Record<string, string>>;
  /** A code that the worker serves. A worker that names no categories serves all. */
  readonly category?: string;
};

/** How a worker is chosen among those that could take a run now. */
export const ROUTING_STRATEGIES = [
  'least_loaded',
  'round_robin',
  'random',
  'first',
  'last',
  'consistent_hash',
  'least_frequently_used',
  'least_recently_used',
  'failover',
  'busy_over',
  'broadcast',
] as const;
export type RoutingStrategy = (typeof ROUTING_STRATEGIES)[number];

export type Routing = {
  readonly strategy: RoutingStrategy;
  /** `round_robin`: the how-manieth run of its job it is. */
  readonly turn?: number;
};

/** What {@link WorkerNeeds} are held against. */
export type Candidate = Pick<Session, 'name' | 'tags' | 'worker' | 'labels' | 'categories'>;

/** @param needs an empty list or record asks for nothing */
export const meetsNeeds = (candidate: Candidate, needs: WorkerNeeds | undefined): boolean => {
  if (needs === undefined) {
    return true;
  }
  const { tags = [], workers = [], labels = {}, category } = needs;
  const names = [candidate.name, candidate.worker];
  return (
    tags.every((tag) => candidate.tags.includes(tag)) &&
    (workers.length === 0 || workers.some((worker) => names.includes(worker))) &&
    Object.entries(labels).every(([label, value]) => candidate.labels?.[label] === value) &&
    (category === undefined || candidate.categories === undefined || candidate.categories.includes(category))
  );
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const sorted = (texts: readonly string[] = []): readonly string[] => [...new Set(texts)].sort(byText);

/** What is asked for, in one order, without what asks for nothing. */
const canonical = ({ tags, workers, labels = {}, category }: WorkerNeeds): readonly unknown[] => [
  sorted(tags),
  sorted(workers),
  Object.keys(labels)
    .sort(byText)
    .map((label) => [label, labels[label]]),
  category ?? null,
];

const ASKS_NOTHING = JSON.stringify(canonical({}));

/** FNV-1a of 64 bits: two kinds of needs of a pool share a queue once in billions of pools. */
const hash = (text: string): bigint => {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  }
  return value;
};

/** Name of what the needs ask for: 1–13 letters and digits, the same in whatever order they were written. */
export const kindOf = (needs: WorkerNeeds): string => hash(JSON.stringify(canonical(needs))).toString(36);

const BEFORE_KIND = '\n';

/**
 * The queue of the ready index that a run waits in: its handler's, or of the handler's runs those with the same needs. No
 * handler's name has a line break.
 */
export const queueOf = ({ handler, needs }: { readonly handler: string; readonly needs?: WorkerNeeds }): string =>
  needs === undefined || JSON.stringify(canonical(needs)) === ASKS_NOTHING
    ? handler
    : `${handler}${BEFORE_KIND}${kindOf(needs)}`;

/** The handler whose runs wait in a queue. */
export const handlerOfQueue = (queue: string): string => queue.split(BEFORE_KIND, 1)[0] ?? queue;

/** Whether it is a queue of runs with needs. */
export const isOfKind = (queue: string): boolean => queue.includes(BEFORE_KIND);
