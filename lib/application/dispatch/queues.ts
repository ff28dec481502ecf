import { handlerOfQueue, meetsNeeds, queueOf, type WorkerNeeds } from '../../domain/fleet/needs.ts';
import type { Run } from '../../domain/run.ts';
import type { Session } from '../../domain/session.ts';
import type { Ports, ReadyEntry } from '../ports/index.ts';

/** Rule D7: how old an instance's picture of a pool's queues may be. */
const LIST_KEPT_MS = 15_000;
/** A note is kept for so long; a run that still waits is looked at every quarter of an hour, and noted anew. */
const NOTED_FOR_MS = 60 * 60_000;
/** After this an instance notes a queue again, so that a note never expires under a run that waits. */
const NOTE_AGAIN_MS = 20 * 60_000;
/** Queues beside the plain ones that one look covers: each costs half a read unit. The others have their turn later. */
const KINDS_PER_LOOK = 32;
/** Queues that an instance knows the needs of; beyond it forgets them all and learns them again. */
const KNOWN = 10_000;

/**
 * A queue that had more runs than free slots a moment ago still has. Wrong once in a while, when the last of them went
 * meanwhile: such a run costs what any run costs that has to wait.
 */
const CROWDED_FOR_MS = 1_000;

type Queued = Pick<Run, 'pool' | 'handler' | 'needs'>;

export type Queues = {
  /** Rule D7: tells all instances that runs like this one wait in a queue of their own. To be done before it turns ready. */
  readonly note: (run: Queued) => Promise<void>;
  /** The queue of a run, whose needs this instance knows from now on. */
  readonly learn: (run: Queued) => string;
  /** The queues that a session may take from: its handlers', and of the noted ones those whose needs it meets. */
  readonly of: (session: Session) => Promise<readonly string[]>;
  /** Whether a session may take what waits in a queue. False where this instance does not know what the queue asks for. */
  readonly serves: (session: Session, entry: Pick<ReadyEntry, 'handler' | 'queue'>) => boolean;
  /** These are left in the ready index when the slots are filled that a result has freed. */
  readonly noteLeft: (pool: string, left: readonly Pick<ReadyEntry, 'queue'>[]) => void;
  /** Whether others like this one waited a moment ago: nobody has credit for it. */
  readonly isCrowded: (run: Queued) => boolean;
};

/** What an instance knows of the queues of the ready index. */
export const createQueues = ({ needs: store, now, chance }: Pick<Ports, 'needs' | 'now' | 'chance'>): Queues => {
  /** A queue's name is made of its needs: what it stands for never changes. */
  const known = new Map<string, WorkerNeeds>();
  const noted = new Map<string, number>();
  const crowded = new Map<string, number>();
  const lists = new Map<string, { readonly at: number; readonly queues: readonly string[] }>();

  const remember = (queue: string, needs: WorkerNeeds): void => {
    if (known.size >= KNOWN) {
      known.clear();
      noted.clear();
      lists.clear();
    }
    known.set(queue, needs);
  };

  const list = async (pool: string): Promise<readonly string[]> => {
    const last = lists.get(pool);
    if (last !== undefined && now() - last.at < LIST_KEPT_MS) {
      return last.queues;
    }
    const at = now();
    const found = await store.list(pool, at);
    for (const [queue, needs] of found) {
      remember(queue, needs);
    }
    const queues = [...found.keys()];
    lists.set(pool, { at, queues });
    return queues;
  };

  const learn: Queues['learn'] = (run) => {
    const queue = queueOf(run);
    if (run.needs !== undefined && queue !== run.handler) {
      remember(queue, run.needs);
    }
    return queue;
  };

  const serves: Queues['serves'] = (session, { handler, queue }) => {
    const needs = known.get(queue);
    return (
      session.handlers.includes(handler) && (queue === handler || (needs !== undefined && meetsNeeds(session, needs)))
    );
  };

  return {
    learn,
    serves,
    noteLeft: (pool, left) => {
      if (crowded.size >= KNOWN) {
        crowded.clear();
      }
      for (const { queue } of left) {
        crowded.set(`${pool} ${queue}`, now());
      }
    },
    isCrowded: (run) =>
      now() - (crowded.get(`${run.pool} ${queueOf(run)}`) ?? Number.NEGATIVE_INFINITY) < CROWDED_FOR_MS,
    note: async (run) => {
      const queue = learn(run);
      const key = `${run.pool} ${queue}`;
      if (run.needs === undefined || queue === run.handler || now() - (noted.get(key) ?? 0) < NOTE_AGAIN_MS) {
        return;
      }
      await store.note(run.pool, queue, run.needs, now() + NOTED_FOR_MS);
      noted.set(key, now());
      lists.delete(run.pool);
    },
    of: async (session) => {
      const kinds = (await list(session.pool)).filter((queue) =>
        serves(session, { handler: handlerOfQueue(queue), queue }),
      );
      const begin = kinds.length > KINDS_PER_LOOK ? Math.floor(chance() * kinds.length) : 0;
      return [...session.handlers, ...[...kinds.slice(begin), ...kinds.slice(0, begin)].slice(0, KINDS_PER_LOOK)];
    },
  };
};
