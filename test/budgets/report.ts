/** The tables that the budget test prints. */
import { table } from '../support/measured.ts';
import type { Use } from '../support/meter.ts';
import { billOf, countOf, logsOf, PER_MILLION, readsOf, scaled, totalOf, writesOf } from '../support/meter-bill.ts';

/** The alarms that a longer wait adds. A backlog that is longer also waits longer. */
export const isWaiting = ({ phase }: Use): boolean => phase === 'waiting';

const fine = (value: number): string => value.toFixed(2);

const row = (name: string, uses: readonly Use[]): string[] => [
  name,
  fine(writesOf(uses)),
  fine(readsOf(uses)),
  fine(countOf(uses, 'socket')),
  fine(countOf(uses, 'sqs')),
  fine(countOf(uses, 'lambda')),
  fine(totalOf(billOf(uses))),
  fine(logsOf(uses)),
];

const rows = (name: string, uses: readonly Use[]): string[][] => {
  const waiting = uses.filter(isWaiting);
  return [row(name, uses), ...(waiting.length > 0 ? [row('– of which for its wait', waiting)] : [])];
};

const COLUMNS = ['write units', 'read units', 'messages', 'SQS', 'invocations', '$ a million', 'its logs, $'];

const runs = (measured: ReadonlyMap<string, readonly Use[]>): string =>
  table(
    ['per run', ...COLUMNS],
    [...measured].flatMap(([name, uses]) => rows(name, uses)),
  );

/** Where the units go. */
const operations = (name: string, uses: readonly Use[]): string =>
  table(
    [name, 'call', 'on', 'write units', 'read units'],
    uses
      .filter(({ service, reads, writes }) => service === 'dynamodb' && reads + writes >= 0.005)
      .map(({ phase, operation, target = '', reads, writes }) => [phase, operation, target, fine(writes), fine(reads)]),
  );

const dollars = (names: readonly string[], measured: ReadonlyMap<string, readonly Use[]>): string => {
  const bills = names.map((name) => billOf(measured.get(name) ?? []));
  const parts = Object.keys(bills[0] ?? {}) as (keyof ReturnType<typeof billOf>)[];
  return table(
    ['$ a million', ...names],
    parts.map((part) => [part, ...bills.map((bill) => fine(bill[part]))]),
  );
};

/** A month of 730 hours, its connection included. */
const monthOf = (uses: readonly Use[]): number =>
  730 * (totalOf(billOf(uses)) / 1e6 + (60 * PER_MILLION.connectionMinutes) / 1e6);

const worker = (uses: readonly Use[]): string =>
  table(
    ['an idle worker', 'write units', 'read units', 'messages', 'SQS', '$ a month'],
    [
      [
        'per hour',
        ...[writesOf(uses), readsOf(uses), countOf(uses, 'socket'), countOf(uses, 'sqs')].map((it) => it.toFixed(0)),
        fine(monthOf(uses)),
      ],
    ],
  );

export const reportOf = (
  measured: ReadonlyMap<string, readonly Use[]>,
  detailed: readonly string[],
  idleWorker: readonly Use[],
): string =>
  [
    runs(measured),
    dollars(detailed, measured),
    ...detailed.map((name) => operations(name, measured.get(name) ?? [])),
    worker(idleWorker),
  ].join('\n\n');

/** @param measured uses of one step. @param steps of a transaction */
export const transactionReportOf = (measured: ReadonlyMap<string, readonly Use[]>, steps: number): string => {
  const each = [...measured];
  return [
    table(
      ['', ...COLUMNS],
      [
        ...each.map(([name, uses]) => row(`per step, ${name}`, uses)),
        ...each.map(([name, uses]) =>
          row(
            `per transaction of ${steps}, ${name}`,
            uses.map((use) => scaled(use, steps)),
          ),
        ),
      ],
    ),
    ...each.map(([name, uses]) => operations(`per step, ${name}`, uses)),
  ].join('\n\n');
};
