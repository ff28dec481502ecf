import type { WorkerFrameOf } from '../../contracts/frames.ts';
import { keepsOutput, type Run } from '../../domain/run.ts';
import { LATE_LOG_MS } from '../../domain/timing.ts';
import type { Ports } from '../ports/index.ts';
import { logExpiry } from './logs.ts';

type LogFrame = Pick<WorkerFrameOf<'log'>, 'pool' | 'run' | 'attempt' | 'from' | 'text'>;

/** An attempt's row is read once in this time by an instance, however much it writes. */
const KNOWN_FOR_MS = 15_000;
/** Attempts that an instance remembers; beyond it the oldest are read again. */
const REMEMBERED = 1_000;
/** A piece that has overtaken the one before it waits for that one: each is handled by a function of its own. */
const PREDECESSOR_LOOK_MS = 100;
const PREDECESSOR_LOOKS = 20;

type Known = {
  readonly at: number;
  /** Absent: nothing of it is taken. */
  readonly expiresAt?: number;
  /** How much of the stream has arrived, as far as this instance knows: never more than there is. */
  arrived: number;
  /** Nothing can be added to the log any more. */
  full: boolean;
};

/** In place of what will not come any more. */
const markOf = (bytes: number): string => `\n… [cut: ${bytes} bytes]\n`;

/**
 * Rule X4: what an attempt writes is taken while the run is in flight with it, for a worker of the run's pool; and a little
 * longer, because the last piece may be handled after the result that it was sent before.
 */
const isTaken = (run: Run | undefined, { pool, attempt }: LogFrame, now: number): run is Run =>
  run?.pool === pool && run.attempt === attempt && (run.endedAt === undefined || now - run.endedAt <= LATE_LOG_MS);

type ReceivePorts = Pick<Ports, 'runs' | 'logs' | 'settings' | 'now' | 'pause' | 'log'>;

/** Live logs: pieces of an attempt's text, in order, each once. */
export const createReceiveLog = (ports: ReceivePorts): ((frame: LogFrame) => Promise<void>) => {
  const { runs, logs, now, pause, log } = ports;
  const known = new Map<string, Known>();

  const look = async (frame: LogFrame): Promise<Known> => {
    const run = await runs.get(frame.run, 'eventual');
    const at = now();
    if (!isTaken(run, frame, at) || !keepsOutput(run)) {
      log.info('A piece of a log was left out: not a run in flight of this pool that keeps its log', {
        run: frame.run,
        attempt: frame.attempt,
        pool: frame.pool,
      });
      return { at, arrived: 0, full: false };
    }
    return { at, arrived: 0, full: false, expiresAt: logExpiry(run, ports) };
  };

  const knownOf = async (frame: LogFrame): Promise<Known> => {
    // The pool is part of the question: another pool's worker must not be answered with what was found for this one's.
    const key = `${frame.pool} ${frame.attempt} ${frame.run}`;
    const before = known.get(key);
    if (before !== undefined && now() - before.at < KNOWN_FOR_MS) {
      return before;
    }
    const found = { ...(await look(frame)), arrived: before?.arrived ?? 0 };
    known.delete(key);
    known.set(key, found);
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED) {
        break;
      }
      known.delete(oldest);
    }
    return found;
  };

  /** Waits, within limits, until what comes before this piece has arrived. @returns how much has */
  const arrivedBefore = async ({ run, attempt, from }: LogFrame, { arrived }: Known): Promise<number> => {
    let there = arrived;
    for (let looks = 0; there < from && looks < PREDECESSOR_LOOKS; looks += 1) {
      if (looks > 0) {
        await pause(PREDECESSOR_LOOK_MS);
      }
      const head = await logs.head(run);
      if (head?.truncated) {
        break;
      }
      there = head?.streamed[String(attempt)] ?? 0;
    }
    return there;
  };

  return async (frame) => {
    const state = await knownOf(frame);
    const { expiresAt } = state;
    if (expiresAt === undefined || state.full) {
      return;
    }
    const { run, attempt } = frame;
    const missing = frame.from - (await arrivedBefore(frame, state));
    // The mark takes the place of the last bytes that are missing, so that positions stay the stream's own.
    const mark = markOf(missing);
    const markBytes = Buffer.byteLength(mark);
    const marked = missing >= markBytes;
    const head = await logs.append(run, marked ? mark + frame.text : frame.text, {
      stream: { attempt, from: marked ? frame.from - markBytes : frame.from },
      now: now(),
      expiresAt,
    });
    state.full = head.truncated;
    state.arrived = Math.max(state.arrived, head.streamed[String(attempt)] ?? 0);
  };
};
