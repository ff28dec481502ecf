/** The books of a chaos run: what the tasks say, against what the workers' handlers really did. */
import type { Task } from '../../lib/contracts/http/task.ts';
import type { Effect, WorkerProcess } from '../support/worker-process.ts';

export type Account = {
  readonly counts: Readonly<Record<string, number>>;
  /** What must not be, a line each. */
  readonly violations: readonly string[];
};

export type Evidence = {
  /** Ids of the tasks that were created. */
  readonly created: readonly number[];
  /** All tasks, as the list shows them. */
  readonly listed: readonly Task[];
  readonly workers: readonly WorkerProcess[];
  readonly killed: ReadonlySet<string>;
};

const MAX_ATTEMPTS = 3;

/** How often each attempt was begun or ended, on which workers. */
const byAttempt = (workers: readonly WorkerProcess[], what: Effect['what']): ReadonlyMap<string, readonly string[]> => {
  const places = new Map<string, string[]>();
  for (const { name, effects } of workers) {
    for (const effect of effects()) {
      if (effect.what === what) {
        const key = `${effect.run}:${effect.attempt}`;
        places.set(key, [...(places.get(key) ?? []), name]);
      }
    }
  }
  return places;
};

/** Runs that a worker has begun and not ended: what it holds at least. */
export const openRuns = (effects: readonly Effect[]): number => {
  const open = new Set<string>();
  for (const { what, run, attempt } of effects) {
    if (what === 'start') {
      open.add(`${run}:${attempt}`);
    } else {
      open.delete(`${run}:${attempt}`);
    }
  }
  return open.size;
};

/** What is wrong with one task by its own word. */
const wrongWithTask = (task: Task, killed: ReadonlySet<string>): readonly string[] => {
  const history = task.attempt_history ?? [];
  const accepted = history.filter(({ outcome }) => outcome === 'succeeded');
  const wrong: string[] = [];
  if (task.status !== 'completed') {
    wrong.push(`is ${task.status} (${task.error_message ?? 'no error'})`);
  }
  if (accepted.length !== 1 || history.at(-1)?.outcome !== 'succeeded') {
    wrong.push(`has ${accepted.length} accepted results: ${history.map(({ outcome }) => outcome).join(', ')}`);
  }
  if (task.attempts > MAX_ATTEMPTS) {
    wrong.push(`took ${task.attempts} attempts`);
  }
  for (const { outcome, worker, attempt } of history) {
    if (outcome === 'lost' && !killed.has(worker ?? '')) {
      wrong.push(`lost attempt ${attempt} with ${worker}, which was not killed`);
    }
    if (outcome === 'failed' || outcome === 'timed_out') {
      wrong.push(`${outcome} at attempt ${attempt} on ${worker}`);
    }
  }
  return wrong;
};

export const account = ({ created, listed, workers, killed }: Evidence): Account => {
  const violations: string[] = [];
  const starts = byAttempt(workers, 'start');
  const ends = byAttempt(workers, 'end');
  const tasks = new Map(listed.map((task) => [task.id, task]));
  if (tasks.size !== listed.length) {
    violations.push(`the list names ${listed.length - tasks.size} tasks twice`);
  }

  for (const id of created) {
    const task = tasks.get(id);
    if (!task) {
      violations.push(`task ${id} is not in the list`);
      continue;
    }
    violations.push(...wrongWithTask(task, killed).map((what) => `task ${id} ${what}`));
    // The accepted result is of an attempt that was executed to its end, once, by the worker that the task names.
    const last = task.attempt_history?.at(-1)?.attempt ?? 0;
    const places = ends.get(`${id}:${last}`) ?? [];
    if (places.length !== 1 || places[0] !== task.worker) {
      violations.push(
        `task ${id} names ${task.worker} for attempt ${last}, which ended on: ${places.join(', ') || 'none'}`,
      );
    }
  }
  for (const [attempt, places] of starts) {
    if (places.length > 1) {
      violations.push(`attempt ${attempt} was begun ${places.length} times: ${places.join(', ')}`);
    }
  }

  const ours = created.flatMap((id) => tasks.get(id) ?? []);
  const attempts = ours.flatMap((task) => task.attempt_history ?? []);
  const count = (outcome: string): number => attempts.filter((attempt) => attempt.outcome === outcome).length;
  return {
    counts: {
      'tasks created': created.length,
      'completed, each by exactly one accepted result': ours.filter((task) => wrongWithTask(task, killed).length === 0)
        .length,
      'lost tasks': created.length - ours.length,
      'of them at the first attempt': ours.filter((task) => task.attempts === 1).length,
      'at the second': ours.filter((task) => task.attempts === 2).length,
      'at the third': ours.filter((task) => task.attempts === MAX_ATTEMPTS).length,
      'attempts lost with a killed worker': count('lost'),
      'attempts that never reached a worker (not counted as attempts)': count('undelivered'),
      'executions begun': [...starts.values()].flat().length,
      'executions ended': [...ends.values()].flat().length,
    },
    violations,
  };
};
