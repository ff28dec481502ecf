/** `npm run bench`: how fast and how small, on the machine that it runs on. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table, writeMeasured } from '../test/support/measured.ts';
import { type BacklogFigures, measureBacklog } from './backlog.ts';
import type { BundleFigures } from './bundles.ts';
import { type InProcessFigures, measureInProcess } from './in-process.ts';
import { type LocalStackFigures, measureLocalStack } from './local-stack.ts';

const HELP = `Measures Cronsaga on this machine, in less than three minutes.

  npm run bench -- [options]

  --quick      half as long
  --backlog N  only: what a run costs when N runs wait, on the memory adapters
  --write      put the figures into docs/performance.md
`;

const DOCUMENT = join(import.meta.dirname, '../docs/performance.md');
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    backlog: { type: 'string' },
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
  add(bundleTable(readBundles(scale < 1 ? 3 : 5)));
  return parts.join('\n\n');
};

if (values.help) {
  say(HELP);
} else if (values.backlog !== undefined) {
  const waiting = Number(values.backlog);
  if (!Number.isInteger(waiting) || waiting < 1) {
    throw new Error(`--backlog ${values.backlog} is no number of runs`);
  }
  say(backlogTable(await measureBacklog(20), await measureBacklog(waiting)));
} else {
  const figures = await measureAll(values.quick ? 0.5 : 1);
  if (values.write) {
    writeMeasured(DOCUMENT, 'figures', figures);
    say('\nWritten to docs/performance.md');
  }
}
