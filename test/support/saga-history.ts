/** Whether what was done and undone is the history of a transaction: told by its effects, not by its row. */

export type SagaEffect = {
  /** `stopped`: in the middle of its work, because it was asked to. */
  readonly what: 'start' | 'done' | 'failed' | 'stopped';
  /** The transaction's number. */
  readonly saga: string;
  readonly step: string;
  readonly undo: boolean;
  /** Which run of the step, or of its undo. */
  readonly n: number;
  readonly attempt: number;
};

/** A step, and those that have to be done before it. */
export type HistoryPlan = Readonly<Record<string, { readonly needs: readonly string[]; readonly hasUndo: boolean }>>;

const keyOf = ({ step, undo }: Pick<SagaEffect, 'step' | 'undo'>): string => `${undo ? 'undo of ' : ''}${step}`;

const descendantsOf = (plan: HistoryPlan, step: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const visit = (id: string): void => {
    for (const [other, { needs }] of Object.entries(plan)) {
      if (needs.includes(id) && !found.has(other)) {
        found.add(other);
        visit(other);
      }
    }
  };
  visit(step);
  return found;
};

/** A step or an undo, as far as it has come. */
type Progress = { running: boolean; done: number; stopped: boolean; attempts: number; n: number };

/**
 * What is wrong with the effects of one transaction, in order; nothing, where they are a valid history:
 *
 * - an attempt is executed once, and each further one begins after the one before has ended;
 * - what was done is not done again, unless it was undone;
 * - a step begins when all that it depends on are done, and never while one of them is undone;
 * - an undo begins when its step is done and no step that depends on it is done, or at it;
 * - at the end all is done, or all that was done is undone.
 *
 * What was stopped may have been done, for all that its transaction knows: it is undone like what was. So is what it could not
 * hear of.
 *
 * @param unknown steps of which the transaction says that it does not know what they did
 */
export const historyProblems = (
  effects: readonly SagaEffect[],
  plan: HistoryPlan,
  end: 'success' | 'compensated',
  unknown: ReadonlySet<string> = new Set(),
): readonly string[] => {
  const problems: string[] = [];
  const progress = new Map<string, Progress>();
  const of = (step: string, undo: boolean): Progress => {
    const key = keyOf({ step, undo });
    const found = progress.get(key) ?? { running: false, done: 0, stopped: false, attempts: 0, n: 0 };
    progress.set(key, found);
    return found;
  };
  const isDone = (step: string): boolean => of(step, false).done > of(step, true).done;
  const mayBeDone = (step: string): boolean =>
    isDone(step) || ((of(step, false).stopped || unknown.has(step)) && of(step, true).done === 0);

  const start = ({ step, undo, n, attempt }: SagaEffect): void => {
    const name = `${keyOf({ step, undo })}, run ${n}, attempt ${attempt}`;
    const own = of(step, undo);
    const { needs } = plan[step] ?? { needs: [] };
    if (own.running) {
      problems.push(`${name} began while another attempt was at work`);
    }
    if (n < own.n || (n === own.n && attempt <= own.attempts)) {
      problems.push(`${name} came after run ${own.n}, attempt ${own.attempts}`);
    }
    if (undo ? !mayBeDone(step) : isDone(step)) {
      problems.push(`${name} began, and the step was ${undo ? 'not' : 'already'} done`);
    }
    const undone = needs.filter((other) => !isDone(other));
    if (undone.length > 0) {
      problems.push(`${name} began, and ${undone.join(', ')} was not done`);
    }
    const above = [...descendantsOf(plan, step)].filter((other) => mayBeDone(other) || of(other, false).running);
    if (undo && above.length > 0) {
      problems.push(`${name} began before ${above.join(', ')} was undone`);
    }
    own.running = true;
    own.n = n;
    own.attempts = attempt;
  };

  for (const effect of effects) {
    if (effect.what === 'start') {
      start(effect);
    } else {
      const own = of(effect.step, effect.undo);
      own.running = false;
      own.done += effect.what === 'done' ? 1 : 0;
      own.stopped ||= effect.what === 'stopped';
    }
  }
  for (const [step, { hasUndo }] of Object.entries(plan)) {
    if (end === 'success' && !isDone(step)) {
      problems.push(`${step} is not done`);
    }
    if (end === 'compensated' && hasUndo && mayBeDone(step)) {
      problems.push(`${step} is not undone`);
    }
    if (of(step, false).running || of(step, true).running) {
      problems.push(`${step} is still at work`);
    }
  }
  return problems;
};
