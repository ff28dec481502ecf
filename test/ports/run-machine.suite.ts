import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunStore } from '../../lib/application/ports/index.ts';
import { RUN_STATUSES } from '../../lib/domain/run.ts';
import { chances } from '../support/properties.ts';
import { NOW } from '../support/rows.ts';
import { freshId } from './fresh-id.ts';
import * as reads from './run-reads.ts';
import { CLIENTS, type Command, setUp } from './run-world.ts';
import * as writes from './run-writes.ts';

/** Where the runs lie: two side by side in every index, the third beside them in some. */
const SHARDS = [2, 2, 3];
const HANDLERS = ['send_email', 'send_email_later'] as const;
const READY_SHARDS = [0, 1] as const;
const LISTS: readonly reads.List[] = [
  'all',
  ...HANDLERS.map((handler) => ({ handler })),
  { status: 'scheduled' },
  { status: 'failed' },
];

const often = <T>(usual: T, other: T): fc.Arbitrary<T> => fc.constantFrom(usual, usual, usual, other);

const run = fc.nat(SHARDS.length - 1);
const at = { client: fc.nat(CLIENTS - 1), run };
/** Chooses among the clients and runs to which a command may fall. */
const pick = fc.nat(SHARDS.length * CLIENTS - 1);
const grant = { session: fc.nat(2), seq: fc.integer({ min: 1, max: 3 }) };
/** Mostly one and the same, so that several runs wait in one queue. */
const handler = often(...HANDLERS);
const readyShard = often(...READY_SHARDS);
const late = often(false, true);
/** A worker of another pool (X4). */
const foreign = often(false, true);
const nonce = fc.constantFrom('first', 'second', 'third');
const limit = fc.integer({ min: 1, max: 3 });

const told = fc.constantFrom(
  {},
  { durationMs: 12.5, exitCode: 0, output: 'ünïcode ✓' },
  { startedAt: NOW + 100, durationMs: 3, exitCode: 2, error: `${'long '.repeat(50)}error`, log: 'one\ntwo' },
);
const bad = fc
  .record({
    reason: fc.constantFrom('handler_failed', 'worker_lost', 'no_handler', 'bad_payload', 'timed_out', 'timed_out'),
    ofSession: fc.boolean(),
    chance: chances,
  })
  .map(({ reason, ...rest }) => ({
    ...{ outcome: reason === 'timed_out' ? ('timed_out' as const) : ('failed' as const), reason },
    ...rest,
  }));

const creation = fc.record({
  ...{ ...at, late, handler, nonce },
  priority: often(5, 1),
  maxTries: fc.integer({ min: 1, max: 3 }),
  executeInMs: fc.constantFrom(0, 1_000, 3_000, 60_000),
  startInMs: often(undefined, 16_500),
  birth: fc.oneof(fc.record(grant), fc.constant('later' as const), { arbitrary: fc.record({ readyShard }), weight: 3 }),
});
/** Anything, and what lies between the instants that the rules name: 1, 16 and 136 s, 5 and 20 s earlier, 15 min. */
const ms = fc.oneof(fc.nat(25_000), fc.constantFrom(1_000, 11_000, 16_000, 116_000, 136_000, 900_000));

const WEIGHTED: readonly (readonly [number, fc.Arbitrary<Command>])[] = [
  [3, fc.record({ ms }).map(reads.wait)],
  [12, fc.record({ ...at, reading: fc.constantFrom('consistent', 'eventual') }).map(reads.read)],
  [6, fc.record({ client: at.client, handler, readyShard, limit }).map(reads.look)],
  [2, fc.record({ run, list: fc.constantFrom(...LISTS), limit }).map(reads.browse)],
  [8, creation.map(writes.create)],
  [3, fc.record({ run, late, nonce }).map(writes.voidMissing)],
  [2, fc.record(at).map(writes.fence)],
  [2, fc.record({ ...at, nonce }).map(writes.bump)],
  [5, fc.record({ pick, readyShard }).map(writes.fallDue)],
  [3, fc.record({ pick, ...grant }).map(writes.dispatchDue)],
  [5, fc.record({ pick, ...grant }).map(writes.claim)],
  [5, fc.record({ pick, readyShard }).map(writes.undoClaim)],
  [3, fc.record({ pick, foreign, agoMs: fc.nat(5_000) }).map(writes.start)],
  [2, fc.record({ pick, foreign, percent: fc.nat(100) }).map(writes.reportProgress)],
  [4, fc.record({ pick, foreign, session: grant.session }).map(writes.adopt)],
  [1, fc.record({ pick, foreign, told }).map(writes.succeed)],
  [5, fc.record({ pick, foreign, bad, told }).map(writes.endBadly)],
  [2, fc.record({ pick }).map(writes.cancel)],
  [1, fc.record({ pick }).map(writes.expire)],
  [2, fc.record({ pick, as: fc.constantFrom('succeeded', 'failed', 'error', 'timed_out') }).map(writes.settle)],
  [2, fc.record(at).map(writes.note)],
  [3, fc.record({ pick, foreign, state: fc.constantFrom('exited', 'abandoned'), told }).map(writes.recordEvidence)],
];
const command = fc.oneof(...WEIGHTED.map(([weight, arbitrary]) => ({ weight, arbitrary })));
const MAX_COMMANDS = 240;

const WRITES =
  'fallDue dispatchDue claim undoClaim start reportProgress adopt succeed endBadly cancel recordEvidence expire settle';
/** All that commands can come to. */
const OUTCOMES = [
  ...WRITES.split(' ').flatMap((write) => [`${write}: won`, `${write}: lost`]),
  ...['endBadly: failed', 'endBadly: timed_out', 'endBadly: scheduled', 'cancel: already_ended', 'settle: illegal'],
  ...['settle: succeeded', 'settle: failed', 'settle: timed_out', 'note: true', 'note: false'],
  ...['create: created', 'create: exists', 'create: voided'],
  ...['voidMissing', 'fence', 'bump'].flatMap((mark) => [`${mark}: true`, `${mark}: false`]),
  ...RUN_STATUSES.filter((status) => status !== 'skipped').map((status) => `read: ${status}`),
  ...['look: nothing', 'look: one', 'look: several'],
];
/** So many worlds come to each of them dozens of times. */
const ENOUGH_WORLDS = 300;
/** A slow machine tries fewer worlds. It also ends a search for the smallest counterexample before vitest ends the test. */
const TIME_LIMIT_MS = 20_000;

let worlds = 0;

/**
 * The rows of runs against the model of them. A failure shows the shortest story that it found, with a seed and paths:
 * `seed` and `path` given to `fc.assert`, `replayPath` to `fc.commands`, tell that story again.
 */
export const runMachineSuite = (
  open: () => { readonly runs: RunStore; readonly exception: (id: string) => Promise<unknown> },
  { numRuns }: { readonly numRuns: number },
): void => {
  describe('the machine of a run', () => {
    it('does what the protocol says, whoever does what from however old a row', async () => {
      const met = new Set<string>();
      const first = worlds;
      const stories = fc.commands([command], { maxCommands: MAX_COMMANDS, size: 'max' });
      const property = fc.asyncProperty(stories, async (story) => {
        worlds += 1;
        const ids = SHARDS.map((shard) => freshId(shard));
        const world = setUp(ids, `machine-${worlds}`, { ...open(), met: (outcome) => met.add(outcome) });
        await fc.asyncModelRun(() => world, story);
        await reads.compareAll(world, { lists: LISTS, handlers: HANDLERS, readyShards: READY_SHARDS });
      });
      await fc.assert(property, { numRuns, plugins: [fc.interruptAfterTimeLimit(TIME_LIMIT_MS)] });
      if (worlds - first >= ENOUGH_WORLDS) {
        expect(OUTCOMES.filter((outcome) => !met.has(outcome))).toEqual([]);
      }
    });
  });
};
