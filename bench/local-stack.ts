/** How the local stack does: how soon it is ready, how late runs start, how many it sustains, what it takes. */
import { setTimeout as pause } from 'node:timers/promises';
import { openLoad } from './load.ts';
import { cpuMsOf, family, watchMemory } from './processes.ts';
import { type StackProcess, startStack } from './stack.ts';

export type Lateness = { readonly p50: number; readonly p99: number; readonly samples: number };

export type LocalStackFigures = {
  readonly readyMs: number;
  readonly lateness: Lateness;
  readonly runsPerSecond: number;
  /** Of the stack's own process: gateway, functions, and the emulated queue; without DynamoDB Local. */
  readonly cpuMsPerRun: number;
  readonly emulatorCpuMsPerRun: number;
  /** Of all its processes together, at the worst moment. */
  readonly peakMemoryMb: number;
};

/** Long enough for the request to be looked at before the task is due; what is left of it is not lateness. */
const DUE_NOW_MS = 25;
const BETWEEN_MS = 20;
/** Requests that share a core with everything else wait longer to be looked at. */
const UNDER_LOAD_MS = 500;
const CLIENTS = 32;
/** More than this the workers must not fall behind the clients. */
const MOST_WAITING = 1_000;
/** Each of 100 slots, held for {@link UNDER_LOAD_MS}. */
const WORKERS = 8;
const WARM_UP_MS = 3_000;

export const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

const measureLateness = async (stack: StackProcess, samples: number): Promise<Lateness> => {
  const load = await openLoad(stack, 1);
  const late: number[] = [];
  // The first few find cold code.
  for (let index = -20; index < samples; index += 1) {
    const { started } = await load.create(DUE_NOW_MS);
    const lateMs = await started;
    if (index >= 0) {
      late.push(lateMs);
    }
    await pause(BETWEEN_MS);
  }
  await load.close();
  return { p50: percentile(late, 0.5), p99: percentile(late, 0.99), samples };
};

const measureThroughput = async (stack: StackProcess, forMs: number) => {
  const load = await openLoad(stack, WORKERS);
  let starts = 0;
  const over = new AbortController();
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { started } = await load.create(UNDER_LOAD_MS);
      void started.then(() => {
        starts += 1;
      });
      while (load.waiting() > MOST_WAITING) {
        await pause(10);
      }
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  await pause(WARM_UP_MS);
  const emulators = family(stack.pid).filter((pid) => pid !== stack.pid);
  const cpuOf = () => ({ own: cpuMsOf(stack.pid), emulated: emulators.reduce((sum, pid) => sum + cpuMsOf(pid), 0) });
  const before = { starts, cpu: cpuOf(), at: performance.now() };
  await pause(forMs);
  const after = { starts, cpu: cpuOf(), at: performance.now() };
  over.abort();
  await Promise.all(clients);
  await load.close();
  const runs = after.starts - before.starts;
  return {
    runsPerSecond: (runs * 1_000) / (after.at - before.at),
    cpuMsPerRun: (after.cpu.own - before.cpu.own) / runs,
    emulatorCpuMsPerRun: (after.cpu.emulated - before.cpu.emulated) / runs,
  };
};

export const measureLocalStack = async (
  engine: 'aws' | 'memory',
  { samples, loadMs }: { readonly samples: number; readonly loadMs: number },
): Promise<LocalStackFigures> => {
  const stack = await startStack(engine);
  const peakMemory = watchMemory(stack.pid);
  try {
    const lateness = await measureLateness(stack, samples);
    const throughput = await measureThroughput(stack, loadMs);
    return { readyMs: stack.readyMs, lateness, ...throughput, peakMemoryMb: peakMemory() };
  } finally {
    peakMemory();
    await stack.stop();
  }
};
