import type { Run, RunStatus } from '../../../lib/domain/run.ts';

/** What a run has ended as: written down from docs/run-states.md, not taken from the code. */
export const FINAL: ReadonlySet<RunStatus> = new Set(['succeeded', 'failed', 'timed_out', 'cancelled', 'skipped']);

export const isFinal = ({ status }: Pick<Run, 'status'>): boolean => FINAL.has(status);
