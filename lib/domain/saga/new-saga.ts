/** The row that a transaction begins with. */
import type { Flow } from '../flow/flow.ts';
import type { Saga } from './saga.ts';

export type NewSaga = {
  /** A plain id. */
  readonly no: string;
  readonly instance: string;
  readonly flow: Flow;
  /** JSON text, where it fits the row. */
  readonly params?: string;
  readonly fingerprint: string;
  readonly depth: number;
  readonly now: number;
};

/** Its first alarm comes after so long: whoever started it has created the runs of its first steps by then, or crashed. */
export const FIRST_LOOK_MS = 20_000;

/** Nothing has begun: `advance` begins it in the decision that is committed with it, or after. */
export const newSaga = ({ no, instance, flow, params, fingerprint, depth, now }: NewSaga): Saga => ({
  no,
  instance,
  flow: flow.id,
  flowName: flow.name,
  flowVersion: flow.version,
  status: 'running',
  direction: 'forward',
  steps: {},
  ...(params === undefined ? {} : { params }),
  fingerprint,
  depth,
  createdAt: now,
  updatedAt: now,
  version: 1,
  g: 1,
  wakeAt: now + FIRST_LOOK_MS,
});
