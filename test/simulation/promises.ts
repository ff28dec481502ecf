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
  key_heeded: 'A worker serves the pools of its key, and none once the key is revoked',
  totals_exact: 'The totals agree with the rows',
  cost_bounded: 'The calls for a run do not grow with the number of workers, of waiting runs or of hours',
  no_error: 'Nothing fails but what was made to fail',
} as const;
export type PromiseName = keyof typeof PROMISES;

export type Violation = { readonly promise: PromiseName; readonly detail: string };

export const describeViolation = ({ promise, detail }: Violation): string =>
  `BROKEN: ${PROMISES[promise]} (${promise})\n  ${detail}`;
