/**
 * Child processes that never outlive this one, even when it is killed with SIGKILL and can clean up nothing.
 *
 * The tether is a pipe: this process holds its writing end, and whoever reads the other end sees it close when the
 * holder is gone. A program that cannot watch the pipe itself is started through a shell that does. The child is in a
 * group of its own, so that Ctrl-C in the terminal reaches only us and the order of the shutdown stays ours.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { withoutAdmin } from '../admin.ts';

/** `read` returns when the pipe closes; nothing is ever written to it. The shell waits for both, so that none lingers. */
const TETHER = `
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
(read -r _ <&3; kill -9 $child) >/dev/null 2>&1 &
tether=$!
exec 3<&-
wait $child
code=$?
kill $tether 2>/dev/null
wait $tether 2>/dev/null
exit $code`;

export type Tethered = {
  /** The shell that holds the program. */
  readonly process: ChildProcess;
  /** Lets the tether go, which kills the program at once. */
  readonly kill: () => void;
};

/** Starts a program that knows nothing of the tether, its output piped. */
export const spawnTethered = (command: string, args: readonly string[]): Tethered => {
  const child = spawn('/bin/sh', ['-c', TETHER, 'tether', command, ...args], {
    stdio: 'pipe',
    detached: true,
    env: withoutAdmin(process.env),
  });
  // The pipe breaks when the program ends first.
  child.stdin.on('error', () => undefined);
  return { process: child, kill: () => child.stdin.destroy() };
};

/** Kills a process that leads a group, with all of the group. */
export const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined || hasEnded(child)) {
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended between the question and the call.
  }
};

/** True also for one that could not be started at all. */
export const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** Resolves when the process has ended, at once if it has already. */
export const ended = async (child: ChildProcess): Promise<void> => {
  if (!hasEnded(child)) {
    await once(child, 'exit');
  }
};
