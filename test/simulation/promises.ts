/** What the simulation holds the control plane and its workers to, by the names under which a violation is reported. */
export const PROMISES = {
  nothing_lost: 'No accepted run is lost',
  one_run: 'One request under one key makes one run',
  one_valid_attempt: 'The number of an attempt only grows, and one session holds it',
  executed_once: 'An attempt is executed once',
  ended_once: 'A run ends once',
  result_kept: 'What a worker has done is told, though its socket and its process end',
  stale_refused: 'Only what the current attempt did is applied',
  terminal_final: 'Terminal is final',
  armed: 'Every open row has a live alarm of its own generation, armed before the row was written',
  alarms_end: 'Every alarm ends, and siblings are cut off',
  credit_bound: 'A worker is never given more than it granted',
  credit_kept: 'No slot is lost: what is free is granted again',
  reports_ordered: 'An overtaken report changes nothing',
  session_kept: 'A session ends by silence, by goodbye or by its successor, and by nothing else',
  socket_kept: 'A session loses its socket only by the end of that socket',
  tries_bounded: 'A run is not tried more often than it may be, and each try that is counted was one',
  failure_told: 'Every run that failed for good has its exception, and no other run has one',
  quiet_in_time: 'Everything comes to rest in bounded time',
  served_in_time: 'A waiting run and a free slot meet within 15 s',
  never_early: 'Nothing starts before its instant, nor is it dispatched more than 3 s ahead',
  on_time: 'Without faults a run starts at its instant',
  cancel_heeded: 'What was cancelled does not begin any more, or is stopped',
  sleeper_waits: 'A worker that slept through its loss starts nothing',
  evidence_true: 'Nobody says that a cancelled run has ended while it runs',
  fired_once: 'Each occurrence of a job is decided once, and makes one run',
  halt_heeded: 'After an answered pause, edit or deletion nothing that was fired before appears any more',
  chain_kept: 'An active job goes on firing',
  one_at_a_time: 'A job that forbids it never has two runs that have not ended',
  skip_kept: 'What was left out is never executed, and what was fired is',
  never_locked: 'An occurrence is left out for a run that has not ended, and for nothing else',
  occurrences_accounted: 'Each occurrence has a run, a skip or a gap, and one of them alone',
  backfill_bound: 'A backfill creates what its row names, and no more at a time than it may',
  needs_met: 'A run goes to workers that have what it needs, and to nobody else',
  starts_in_time: 'A run that has not begun by its last start never begins',
  aged_first: 'What has waited long goes first, whatever its priority',
  lock_held_once: 'Of two who ask for a lock one has it at most, and the later one has the higher number',
  key_heeded: 'A worker serves the pools of its key, and none once the key is revoked',
  totals_exact: 'The totals agree with the rows',
  cost_bounded: 'The calls for a run do not grow with the number of workers, of waiting runs or of hours',
  no_error: 'Nothing fails but what was made to fail',
} as const;
export type PromiseName = keyof typeof PROMISES;

export type Violation = { readonly promise: PromiseName; readonly detail: string };

export const describeViolation = ({ promise, detail }: Violation): string =>
  `BROKEN: ${PROMISES[promise]} (${promise})\n  ${detail}`;
