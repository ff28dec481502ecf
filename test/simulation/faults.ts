/**
 * Everything that can go wrong in the simulated world, each at its own kind of opportunity. The opportunities of a kind are
 * counted, so a fault has an address: `crash_after:17` is the 17th port call of the execution, its answer unheard.
 */
export const FAULTS = {
  crash_before: 'a function dies before a port call',
  crash_after: 'a function dies after a port call, whose answer it never sees',
  frozen: 'a function stands still before a port call, for up to 150 s',
  throttled: 'a call is refused: too many requests',
  answer_lost: 'a call is carried out, and times out: the caller cannot know',
  answer_repeated: 'a write is carried out, its answer is lost, and the SDK sends it again',
  transaction_conflict: 'a transaction is cancelled by another one',
  stale_read: 'an index or an eventual read shows a row as it was seconds ago',
  message_doubled: 'SQS delivers a message twice',
  message_delayed: 'SQS delivers a message up to a minute late, behind later ones',
  message_kept: 'SQS does not delete a message that was handled: it comes again after its visibility timeout',
  schedule_early: 'EventBridge fires up to a minute early',
  schedule_late: 'EventBridge fires minutes late',
  schedule_twice: 'EventBridge fires twice',
  schedule_dead: 'EventBridge gives up and leaves the message in the dead-letter queue',
  post_lost: 'PostToConnection succeeds, and the frame never arrives',
  post_failed: 'PostToConnection fails, and the frame has not arrived',
  post_unsure: 'PostToConnection fails, although the frame has arrived',
  post_gone: 'PostToConnection answers 410 although the socket is open',
  post_doubled: 'a frame reaches the worker twice',
  post_delayed: 'a frame reaches the worker behind later ones',
  frame_lost: 'a frame of a worker is lost behind the gateway',
  frame_doubled: 'a frame of a worker is handled twice, by two functions at once',
  frame_delayed: 'a frame of a worker is handled after later ones',
  socket_dropped: 'a socket ends, and both sides are told',
  socket_half_open: 'a socket ends, and neither side is told',
  disconnect_late: 'the end of a socket is told a minute late',
  worker_paused: 'a worker stands still for a minute and wakes where it was',
  worker_died: 'a worker dies and is started again',
  clock_stepped: 'the wall clock of a worker jumps by a minute',
  request_doubled: 'a client sends its request twice at once',
  request_unanswered: 'a client never sees the answer to its request',
  records_repeated: 'the stream delivers records again, cut in another way',
} as const;
export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** The `nth` opportunity of its kind in an execution, counted from 1. */
export type Fault = { readonly kind: FaultKind; readonly nth: number };

export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>;

/** Either faults at fixed places, or chance at every place. */
export type FaultPlan = { readonly faults: readonly Fault[] } | { readonly rates: FaultRates };

export type Faults = {
  /** Whether the fault strikes at this opportunity. What strikes takes effect. */
  readonly strike: (kind: FaultKind) => boolean;
  /** From now on nothing goes wrong any more. */
  readonly calm: () => void;
  readonly isCalm: () => boolean;
  /** How many opportunities of each kind there have been. */
  readonly opportunities: () => Readonly<Record<FaultKind, number>>;
  /** What struck, in order, with the opportunities that there had been by then. */
  readonly struck: () => readonly (Fault & { readonly opportunities: Readonly<Record<FaultKind, number>> })[];
};

export const describeFault = ({ kind, nth }: Fault): string => `${kind}:${nth}`;

/** @throws a plain error on text that names no fault */
export const parseFault = (text: string): Fault => {
  const [kind, nth] = text.split(':');
  const known = FAULT_KINDS.find((one) => one === kind);
  if (known === undefined || !/^[1-9]\d*$/.test(nth ?? '')) {
    throw new Error(`"${text}" is no fault: write kind:number, with one of ${FAULT_KINDS.join(', ')}`);
  }
  return { kind: known, nth: Number(nth) };
};

export const createFaults = (plan: FaultPlan, chance: () => number, tell: (fault: Fault) => void): Faults => {
  const counts = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const struck: (Fault & { opportunities: Record<FaultKind, number> })[] = [];
  let calm = false;
  const planned = (kind: FaultKind, nth: number): boolean =>
    'faults' in plan
      ? plan.faults.some((fault) => fault.kind === kind && fault.nth === nth)
      : chance() < (plan.rates[kind] ?? 0);
  return {
    strike: (kind) => {
      if (calm) {
        return false;
      }
      counts[kind] += 1;
      const nth = counts[kind];
      if (!planned(kind, nth)) {
        return false;
      }
      struck.push({ kind, nth, opportunities: { ...counts } });
      tell({ kind, nth });
      return true;
    },
    calm: () => {
      calm = true;
    },
    isCalm: () => calm,
    opportunities: () => counts,
    struck: () => struck,
  };
};
