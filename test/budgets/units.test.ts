/**
 * The budgets of a plain one-shot run, submitted over HTTP, and of a run that a schedule fires: each executed by a worker on a
 * WebSocket, with its rows, index writes, totals and one line of log. Counted, not timed, so it holds on any machine;
 * docs/performance.md tells how.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { loadTemplates } from '../../lib/local/template/load-templates.ts';
import { writeMeasured } from '../support/measured.ts';
import type { Use } from '../support/meter.ts';
import { billOf, countOf, readsOf, totalOf, writesOf } from '../support/meter-bill.ts';
import { isWaiting, reportOf } from './report.ts';
import { measureCron, measureIdleWorker, measureRuns, type Scenario } from './scenarios.ts';

const ROOT = join(import.meta.dirname, '../..');
/**
 * Runs of the main loads; those that only show that nothing grows take a third. Whole seconds of load: a full worker ends
 * ten at a time. A run costs the same in 1,000.
 */
const RUNS = Number(process.env.METER_RUNS ?? 180);
const FEWER = Math.ceil(RUNS / 30) * 10;
/** Some 15,000 requests to DynamoDB Local by default: a minute, and longer beside other work. */
const TIMEOUT_MS = (5 + RUNS / 60) * 60_000;

const short = { runMs: 50, aheadMs: 500 };
/** As much work as ten slots take at 10 runs/s, due at once. */
const full = { workers: 1, runMs: 1_000, aheadMs: 1 };
const SCENARIOS = {
  idle: { runs: RUNS, workers: 1, ...short },
  'idle, 1,000 workers': { runs: FEWER, workers: 1_000, ...short },
  'backlog of 20': { runs: RUNS, ...full, backlog: 20 },
  'backlog of 2,000': { runs: FEWER, ...full, backlog: 2_000 },
  // A worker holds such a run, and a slot for it, for up to 2 s before it is due.
  '7 s ahead': { runs: FEWER, workers: 5, runMs: 50, aheadMs: 7_000 },
  '1 h ahead': { runs: FEWER, workers: 5, runMs: 50, aheadMs: 3_600_000 },
} as const satisfies Record<string, Scenario>;
/** The slots hold what ten jobs a second fire 3 s ahead. */
const CRON = { jobs: RUNS, workers: 5, runMs: 50 };
type Name = keyof typeof SCENARIOS | 'cron';

const measured = new Map<string, readonly Use[]>();
let idleWorker: readonly Use[] = [];
const usesOf = (name: Name): readonly Use[] => measured.get(name) ?? [];
const dollarsOf = (uses: readonly Use[]): number => totalOf(billOf(uses));

beforeAll(async () => {
  const { endpoint } = inject('dynamodb');
  const templates = await loadTemplates(ROOT, join(ROOT, '.cronsaga', 'templates'));
  const place = { endpoint, templates };
  const found = Object.entries(SCENARIOS).map(async ([name, scenario]) => {
    const uses = await measureRuns(scenario, place);
    return [name, uses] as const;
  });
  const cron = measureCron(CRON, place);
  idleWorker = await measureIdleWorker(place);
  for (const [name, uses] of await Promise.all(found)) {
    measured.set(name, uses);
  }
  measured.set('cron', await cron);
  const report = reportOf(measured, ['idle', 'backlog of 20', 'cron'], idleWorker);
  process.stdout.write(`${report}\n`);
  if (process.env.METER_WRITE !== undefined) {
    writeMeasured(join(ROOT, 'docs/performance.md'), 'budgets', report);
  }
}, TIMEOUT_MS);

describe('a plain run', () => {
  it('costs at most 6 write units, 4 read units and 2 messages on an idle fleet', () => {
    expect(writesOf(usesOf('idle'))).toBeLessThanOrEqual(6);
    expect(readsOf(usesOf('idle'))).toBeLessThanOrEqual(4);
    expect(countOf(usesOf('idle'), 'socket')).toBeCloseTo(2, 6);
  });

  it('costs at most $8 a million on an idle fleet', () => {
    expect(dollarsOf(usesOf('idle'))).toBeLessThanOrEqual(8);
  });

  it('costs at most 8 write units, 4 read units and 2 messages when more waits than slots are free', () => {
    expect(writesOf(usesOf('backlog of 20'))).toBeLessThanOrEqual(8);
    expect(readsOf(usesOf('backlog of 20'))).toBeLessThanOrEqual(4);
    expect(countOf(usesOf('backlog of 20'), 'socket')).toBeCloseTo(2, 6);
  });

  it.each(['7 s ahead', '1 h ahead'] as const)('costs at most 9 write units and 2 messages %s', (name) => {
    expect(writesOf(usesOf(name))).toBeLessThanOrEqual(9);
    expect(countOf(usesOf(name), 'socket')).toBeCloseTo(2, 6);
  });

  it('costs at most 4 read units with 1,000 workers too', () => {
    expect(readsOf(usesOf('idle, 1,000 workers'))).toBeLessThanOrEqual(4);
  });

  it.each([
    ['idle, 1,000 workers', 'idle'],
    ['backlog of 2,000', 'backlog of 20'],
  ] as const)('costs the same within 5 %: %s, %s', (name, as) => {
    const [these, those] = [usesOf(name), usesOf(as)].map((uses) => uses.filter((use) => !isWaiting(use)));
    expect(Math.abs(writesOf(these ?? []) / writesOf(those ?? []) - 1)).toBeLessThanOrEqual(0.05);
    expect(Math.abs(dollarsOf(these ?? []) / dollarsOf(those ?? []) - 1)).toBeLessThanOrEqual(0.05);
  });
});

it('a run that a schedule fires costs at most 9 write units, 4 read units and 2 messages, with its job moved on', () => {
  const uses = usesOf('cron');
  expect(writesOf(uses.filter(({ phase, target }) => phase === 'fire' && target === 'job'))).toBeCloseTo(1, 6);
  expect(writesOf(uses)).toBeLessThanOrEqual(9);
  expect(readsOf(uses)).toBeLessThanOrEqual(4);
  expect(countOf(uses, 'socket')).toBeCloseTo(2, 6);
});

it('an idle worker costs one message for each heartbeat, and little more than one write', () => {
  expect(countOf(idleWorker, 'socket')).toBeCloseTo(240, 6);
  expect(writesOf(idleWorker)).toBeLessThanOrEqual(260);
});
