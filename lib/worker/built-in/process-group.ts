import { readdirSync, readFileSync } from 'node:fs';

/** A process group, held from the start of its leader until nothing of it is wanted any more. */
export type ProcessGroup = {
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves when no process of the group is left, and at the latest soon after `killing` was aborted. */
  readonly gone: (killing: AbortSignal) => Promise<void>;
  /** It is not signalled any more: its number may be given to others. */
  readonly release: () => void;
};

const FIRST_LOOK_MS = 5;
const SLOWEST_LOOK_MS = 200;
/** A process that SIGKILL does not end within this hangs in the kernel; there is nothing more to wait for. */
const GONE_AFTER_KILL_MS = 500;

/** Groups that still run. They die with this process, unless it is itself ended by SIGKILL. */
const held = new Set<number>();
let watching = false;

export function holdGroup(leader: number): ProcessGroup {
  if (!watching) {
    watching = true;
    process.on('exit', () => {
      for (const group of held) signalGroup(group, 'SIGKILL');
    });
  }
  held.add(leader);
  return {
    signal(signal) {
      if (held.has(leader)) signalGroup(leader, signal);
    },
    async gone(killing) {
      let afterKillMs = 0;
      for (let pauseMs = FIRST_LOOK_MS; afterKillMs < GONE_AFTER_KILL_MS && hasLife(leader); ) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        if (killing.aborted) afterKillMs += pauseMs;
        else pauseMs = Math.min(SLOWEST_LOOK_MS, pauseMs * 2);
      }
    },
    release() {
      held.delete(leader);
    },
  };
}

/** Whether there was anyone to signal; `0` only asks. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}

/**
 * Whether a process of the group can still do something. In a container whose first process does not reap, the dead
 * stay as zombies for ever and are signalled with success, so the system's process table is looked at where there is one.
 */
function hasLife(leader: number): boolean {
  if (!signalGroup(leader, 0)) return false;
  try {
    return readdirSync('/proc').some((entry) => /^\d+$/.test(entry) && isLivingMember(entry, leader));
  } catch {
    return true;
  }
}

/** /proc/<pid>/stat: `pid (name) state parent group …`; the name may itself hold parentheses and spaces. */
function isLivingMember(pid: string, leader: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(group) === leader && !'ZX'.includes(state);
  } catch {
    return false;
  }
}
