/** What handlers really did, whatever the rows say. */
import type { Verdict } from './verdict.ts';

export type Execution = {
  readonly run: string;
  readonly attempt: number;
  readonly worker: string;
  readonly beganAt: number;
  endedAt?: number;
  /** What it returned, of what succeeded. */
  output?: string;
  how?: 'succeeded' | 'failed' | 'stopped' | 'died';
};

export const createExecutions = (now: () => number, { must }: Verdict) => {
  const executions = new Map<string, Execution[]>();
  return {
    of: (run: string, attempt: number): readonly Execution[] => executions.get(`${run}:${attempt}`) ?? [],
    all: (): readonly Execution[] => [...executions.values()].flat(),
    begin: (run: string, attempt: number, worker: string): Execution => {
      const execution: Execution = { run, attempt, worker, beganAt: now() };
      const all = executions.get(`${run}:${attempt}`) ?? [];
      all.push(execution);
      executions.set(`${run}:${attempt}`, all);
      must(
        all.length === 1,
        'executed_once',
        () => `attempt ${attempt} of run ${run} was executed by ${all.map((one) => one.worker).join(' and ')}`,
      );
      return execution;
    },
  };
};
export type Executions = ReturnType<typeof createExecutions>;
