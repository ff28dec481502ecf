import type { Run } from '../../../lib/domain/run.ts';
import type { World } from '../world.ts';

/** The runs of a job, oldest first. */
export const runsOf = ({ clerk, ledger }: World, label: string): readonly Run[] =>
  [...ledger.runs.values()].filter(({ job }) => job !== undefined && job === clerk.idOf(label));

/** So many of its fires have been decided. A clerk who was never answered does not know his job, and does not wait for it. */
export const hasDecided = ({ clerk, ledger }: World, label: string, count: number): boolean => {
  const id = clerk.idOf(label);
  return id === undefined || ledger.jobAccountOf(id).decided.size >= count;
};

/** So many of its runs have begun. */
export const haveBegun = (world: World, label: string, count: number): boolean =>
  world.clerk.idOf(label) === undefined ||
  runsOf(world, label).filter(({ id }) => world.ledger.executionsOf(id, 1).length > 0).length >= count;

/** On a worker's clock, by chance of its offset. */
const PUNCTUAL_MS = 100;

/**
 * Without faults each run that begins does so at its instant.
 * @param withinMs more, where the run before may still be there: that is looked at when the instant has come (J4)
 */
export const mustFireOnTime = (world: World, label: string, withinMs = PUNCTUAL_MS): void => {
  const { faults, ledger } = world;
  for (const { id, executeAt, trigger } of runsOf(world, label)) {
    const [first] = ledger.executionsOf(id, 1);
    ledger.must(
      faults.struck().length > 0 ||
        trigger !== 'schedule' ||
        first === undefined ||
        first.beganAt - executeAt <= withinMs,
      'on_time',
      () => `run ${id} began ${(first?.beganAt ?? 0) - executeAt} ms late`,
    );
  }
};

/** Without faults so many runs ended like this, among the first so many. */
export const mustHave = (world: World, label: string, statuses: readonly Run['status'][]): void => {
  const { faults, ledger } = world;
  const found = runsOf(world, label)
    .slice(0, statuses.length)
    .map(({ status }) => status);
  ledger.must(
    faults.struck().length > 0 || found.join() === statuses.join(),
    'skip_kept',
    () => `the runs of ${label} are ${found.join(', ')}, and should be ${statuses.join(', ')}`,
  );
};

/** Without faults nothing begins of what was fired ahead for an instant after the answer. */
export const mustHaveHalted = (world: World, label: string, haltedAt: number, resumedAt: number): void => {
  const { faults, ledger } = world;
  for (const { id, executeAt } of runsOf(world, label)) {
    ledger.must(
      faults.struck().length > 0 ||
        executeAt <= haltedAt ||
        executeAt >= resumedAt ||
        ledger.executionsOf(id, 1).length === 0,
      'halt_heeded',
      () => `run ${id} began though its job was halted ${executeAt - haltedAt} ms before`,
    );
  }
};
