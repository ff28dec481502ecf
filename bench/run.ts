/** `npm run bench`: how fast and how small, on the machine that it runs on. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table, writeMeasured } from '../test/support/measured.ts';
import { type BacklogFigures, measureBacklog } from './backlog.ts';
import type { BundleFigures } from './bundles.ts';
import { type InProcessFigures, measureInProcess } from './in-process.ts';
import { type ListFigures, measureLists } from './lists.ts';
import { type LocalStackFigures, measureLocalStack } from './local-stack.ts';

const HELP = `Measures Cronsaga on this machine, in less than three minutes.

  npm run bench -- [options]

  --quick      half as long
  --backlog N  only: what a run costs when N runs wait, on the memory adapters
  --lists N    only: what a page of jobs costs when there are N, on DynamoDB Local (200,000: minutes)
  --write      put the figures into docs/performance.md
`;

/** What --lists compares with. */
const FEW_JOBS = 200;
const DOCUMENT = join(import.meta.dirname, '../docs/performance.md');
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    backlog: { type: 'string' },
    lists: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const fine = (value: number): string => value.toFixed(2);

const machine = (): string => {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${gigabytes} GB, Node ${process.versions.node}, ${process.platform}, ${new Date().toISOString().slice(0, 10)}`;
};

type Stacks = Readonly<Record<'aws' | 'memory', LocalStackFigures>>;

const stackTable = ({ aws, memory }: Stacks): string => {
  const rows: [string, (figures: LocalStackFigures) => string][] = [
    ['ready after, ms', ({ readyMs }) => whole(readyMs)],
    ['start lateness p50, ms', ({ lateness }) => whole(lateness.p50)],
    ['start lateness p99, ms', ({ lateness }) => whole(lateness.p99)],
    ['sustained runs/s', ({ runsPerSecond }) => whole(runsPerSecond)],
    ['CPU ms per run, our process', ({ cpuMsPerRun }) => fine(cpuMsPerRun)],
    ['CPU ms per run, its children', ({ emulatorCpuMsPerRun }) => fine(emulatorCpuMsPerRun)],
    ['peak memory of all processes, MB', ({ peakMemoryMb }) => whole(peakMemoryMb)],
  ];
  return table(
    ['local stack', '`--engine aws`', '`--engine memory`'],
    rows.map(([name, show]) => [name, show(aws), show(memory)]),
  );
};

const inProcessTable = ({ runsPerSecond, cpuMsPerRun }: InProcessFigures): string =>
  table(
    ['engine and worker in one process, no HTTP', ''],
    [
      ['sustained runs/s', whole(runsPerSecond)],
      ['CPU ms per run', fine(cpuMsPerRun)],
    ],
  );

const bundleTable = (bundles: readonly BundleFigures[]): string =>
  table(
    ['function', 'KB', 'KB, gzip', 'cold import, ms'],
    bundles.map(({ entry, kilobytes, zippedKilobytes, coldImportMs }) => [
      `\`${entry}\``,
      whole(kilobytes),
      whole(zippedKilobytes),
      whole(coldImportMs),
    ]),
  );

const backlogTable = (short: BacklogFigures, long: BacklogFigures): string => {
  const names = [...new Set([...short.callsPerRun.keys(), ...long.callsPerRun.keys()])].sort((a, b) =>
    a.localeCompare(b),
  );
  const sumOf = ({ callsPerRun }: BacklogFigures): number => [...callsPerRun.values()].reduce((a, b) => a + b, 0);
  return table(
    ['calls per run', `${whole(short.backlog)} wait`, `${whole(long.backlog)} wait`],
    [
      ...names.map((name) => [
        `\`${name}\``,
        fine(short.callsPerRun.get(name) ?? 0),
        fine(long.callsPerRun.get(name) ?? 0),
      ]),
      ['all', fine(sumOf(short)), fine(sumOf(long))],
      ['ms', fine(short.msPerRun), fine(long.msPerRun)],
    ],
  );
};

const listTable = (figures: readonly ListFigures[]): string => {
  const names = [...(figures[0]?.costs.keys() ?? [])];
  return table(
    ['read units of a page of 50', ...figures.map(({ jobs }) => `${whole(jobs)} jobs`)],
    names.map((name) => [name, ...figures.map(({ costs }) => String(costs.get(name)?.reads ?? 0))]),
  );
};

const readBundles = (times: number): readonly BundleFigures[] => {
  const args = [join(import.meta.dirname, 'bundles-process.ts'), String(times)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
};

const measureAll = async (scale: number): Promise<string> => {
  const parts = [machine()];
  const add = (part: string): void => {
    parts.push(part);
    say(`\n${part}`);
  };
  say(machine());
  add(inProcessTable(await measureInProcess(10_000 * scale)));
  const load = { samples: 200 * scale, loadMs: 15_000 * scale };
  const memory = await measureLocalStack('memory', load);
  add(stackTable({ aws: await measureLocalStack('aws', load), memory }));
  add(bundleTable(readBundles(scale < 1 ? 5 : 11)));
  return parts.join('\n\n');
};

const countOf = (option: string, text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`${option} ${text} is no whole number from 1 up`);
  }
  return count;
};

/** Between the marks of this name in the document. */
const publish = (name: string, figures: string): void => {
  if (values.write) {
    writeMeasured(DOCUMENT, name, figures);
    say('\nWritten to docs/performance.md');
  }
};

if (values.help) {
  say(HELP);
} else if (values.backlog !== undefined) {
  say(backlogTable(await measureBacklog(20), await measureBacklog(countOf('--backlog', values.backlog))));
} else if (values.lists !== undefined) {
  const figures = await measureLists([FEW_JOBS, countOf('--lists', values.lists)]);
  say(`Rows written in ${figures.map(({ fillMs }) => `${whole(fillMs / 1_000)} s`).join(', ')}`);
  const shown = listTable(figures);
  say(shown);
  publish('lists', shown);
} else {
  publish('figures', await measureAll(values.quick ? 0.5 : 1));
}
