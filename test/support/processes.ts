/** What runs on this machine, by `ps`: what a test started and everything below it, and whether any of it is left. */
import { execFileSync } from 'node:child_process';

export type Running = { readonly pid: number; readonly parent: number; readonly group: number; readonly args: string };

/** Without the dead that nobody has collected yet. */
export const runningProcesses = (): readonly Running[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, group, state = '', args = ''] =
        /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined || state.startsWith('Z')
        ? []
        : [{ pid: Number(pid), parent: Number(parent), group: Number(group), args }];
    });

/** The process and all that it has started, directly or not. */
export const familyOf = (pid: number): readonly Running[] => {
  const all = runningProcesses();
  const family = all.filter((one) => one.pid === pid);
  for (const member of family) {
    family.push(...all.filter((one) => one.parent === member.pid));
  }
  return family;
};

/** A number alone may have been given to another process since. */
export const stillRunning = (known: readonly Running[]): readonly Running[] => {
  const all = runningProcesses();
  return known.filter(({ pid, args }) => all.some((one) => one.pid === pid && one.args === args));
};
