/** What processes use, from /proc: on a system without it nothing is known, and nothing is shown. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** `USER_HZ` of every Linux that Node runs on. */
const TICK_MS = 10;

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
};

/** Fields of /proc/<pid>/stat from the state on: the name before them may hold spaces. */
const statOf = (pid: number): string[] => {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

const parentOf = (pid: number): number => Number(statOf(pid)[1]);

/** A process and everything that descends from it. */
export const family = (root: number): readonly number[] => {
  if (!existsSync('/proc/self')) {
    return [];
  }
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const children = Map.groupBy(pids, parentOf);
  const found: number[] = [];
  for (let next = [root]; next.length > 0; next = next.flatMap((pid) => children.get(pid) ?? [])) {
    found.push(...next);
  }
  return found;
};

export const cpuMsOf = (pid: number): number => {
  const fields = statOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
};

/** Resident memory in MB, pages that two processes share counted twice. */
export const memoryOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0), 0) / 1_024;

/** Samples until it is stopped, and tells the highest. */
export const watchMemory = (root: number): (() => number) => {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, memoryOf(family(root)));
  }, 250);
  return () => {
    clearInterval(timer);
    return peak;
  };
};
