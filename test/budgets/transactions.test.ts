/**
 * The budgets of a step of a transaction, its share of the transaction included: started over HTTP, executed by a worker on a
 * WebSocket, moved on by its result. Counted, not timed, as ./units.test.ts counts runs; docs/performance.md tells how.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { loadTemplates } from '../../lib/local/template/load-templates.ts';
import { writeMeasured } from '../support/measured.ts';
import type { Use } from '../support/meter.ts';
import { countOf, readsOf, writesOf } from '../support/meter-bill.ts';
import { transactionReportOf } from './report.ts';
import { measureTransactions, STEPS, type TransactionScenario, transactionsFor } from './transactions.ts';

const ROOT = join(import.meta.dirname, '../..');
/**
 * Each of five steps. A smaller sample scatters by a tenth of a read unit or two, by how often an alarm looks at a run that has
 * just been taken.
 */
const TRANSACTIONS = Math.ceil(Number(process.env.METER_RUNS ?? 500) / STEPS.length);
const TIMEOUT_MS = (5 + TRANSACTIONS / 10) * 60_000;

const SCENARIOS = {
  idle: { transactions: TRANSACTIONS, stepMs: 50, before: 0 },
  // As much work as ten slots take at 10 steps/s.
  backlog: { transactions: TRANSACTIONS, stepMs: 1_000, before: transactionsFor(20) },
} as const satisfies Record<string, TransactionScenario>;

const measured = new Map<keyof typeof SCENARIOS, readonly Use[]>();
const usesOf = (name: keyof typeof SCENARIOS): readonly Use[] => measured.get(name) ?? [];

beforeAll(async () => {
  const { endpoint } = inject('dynamodb');
  const templates = await loadTemplates(ROOT, join(ROOT, '.cronsaga', 'templates'));
  const names = ['idle', 'backlog'] as const;
  const found = names.map(
    async (name) => [name, await measureTransactions(SCENARIOS[name], { endpoint, templates })] as const,
  );
  for (const [name, uses] of await Promise.all(found)) {
    measured.set(name, uses);
  }
  const report = transactionReportOf(measured, STEPS.length);
  process.stdout.write(`${report}\n`);
  if (process.env.METER_WRITE !== undefined) {
    writeMeasured(join(ROOT, 'docs/performance.md'), 'transactions', report);
  }
}, TIMEOUT_MS);

describe('a step of a transaction, with its share of the transaction', () => {
  it('costs at most 8 write units, 4 read units and 2 messages on an idle fleet', () => {
    expect(writesOf(usesOf('idle'))).toBeLessThanOrEqual(8);
    expect(readsOf(usesOf('idle'))).toBeLessThanOrEqual(4);
    expect(countOf(usesOf('idle'), 'socket')).toBeCloseTo(2, 6);
  });

  it('costs at most 10 write units, 4 read units and 2 messages when more waits than slots are free', () => {
    expect(writesOf(usesOf('backlog'))).toBeLessThanOrEqual(10);
    expect(readsOf(usesOf('backlog'))).toBeLessThanOrEqual(4);
    expect(countOf(usesOf('backlog'), 'socket')).toBeCloseTo(2, 1);
  });
});
