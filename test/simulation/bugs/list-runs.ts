/** Runs: rules R1 to R7, D1 and W3. */
import type { Bug } from './bug.ts';

const DECISIONS = 'lib/domain/run-decisions.ts';
const END = 'lib/application/runs/end-attempt.ts';
const WATCH = 'lib/application/alarms/watch-run.ts';

export const RUN_BUGS: readonly Bug[] = [
  {
    name: 'loss-unseen',
    hole: 'H17',
    about: 'The alarm of a run does not ask whether its session still lives.',
    edits: [
      {
        file: DECISIONS,
        find: "if (session === undefined || session.st !== 'up') {\n    return { do: 'lose' };",
        replace: "if (session === undefined) {\n    return { do: 'wait', lookAt: now + LONGEST_LOOK_MS };",
      },
    ],
    breaks: 'quiet_in_time',
    where: [{ scenario: 'long-run', kinds: ['worker_died'] }],
  },
  {
    name: 'no-redelivery',
    hole: 'H18',
    about: 'What the worker does not list is not pushed again, neither by the alarm of the run nor after a heartbeat.',
    edits: [
      { file: DECISIONS, find: "? { do: 'redeliver', lookAt: soon }", replace: "? { do: 'wait', lookAt: soon }" },
      { file: 'lib/application/sessions/settle-report.ts', find: 'if (silent.length > 0) {', replace: 'if (false) {' },
    ],
    breaks: 'quiet_in_time',
    where: [{ scenario: 'long-run', kinds: ['post_lost'] }],
  },
  {
    name: 'number-given-back',
    hole: 'H23',
    about: 'A claim that met a dead socket gives its number back.',
    edits: [
      {
        file: DECISIONS,
        find: "set: { status: 'ready', g, wakeAt, readyAt: now,",
        replace: "set: { status: 'ready', attempt: run.attempt - 1, g, wakeAt, readyAt: now,",
      },
    ],
    breaks: 'one_valid_attempt',
    where: [{ scenario: 'one-shot', kinds: ['post_gone'] }],
  },
  {
    name: 'undone-in-doubt',
    about: 'A push that may have arrived is taken for one that did not.',
    edits: [
      {
        file: 'lib/application/dispatch/push.ts',
        find: "if (outcome === 'gone') {",
        replace: "if (outcome !== 'sent') {",
      },
    ],
    breaks: 'one_valid_attempt',
    where: [{ scenario: 'one-shot', kinds: ['post_unsure'] }],
  },
  {
    name: 'one-try-more',
    about: 'A run is tried once more than it may be.',
    edits: [{ file: DECISIONS, find: 'if (tries >= run.maxTries ||', replace: 'if (tries > run.maxTries ||' }],
    breaks: 'tries_bounded',
    where: [{ scenario: 'retry' }],
  },
  {
    name: 'tries-not-counted',
    about: 'A try that failed is not counted.',
    edits: [{ file: DECISIONS, find: 'const tries = run.tries + 1;', replace: 'const tries = run.tries;' }],
    breaks: 'tries_bounded',
    where: [{ scenario: 'retry' }],
  },
  {
    name: 'undelivered-is-a-try',
    about: 'A push that met a dead socket counts as a try.',
    edits: [
      {
        file: DECISIONS,
        find: "set: { status: 'ready', g, wakeAt, readyAt: now,",
        replace: "set: { status: 'ready', tries: run.tries + 1, g, wakeAt, readyAt: now,",
      },
    ],
    breaks: 'tries_bounded',
    where: [{ scenario: 'one-shot', kinds: ['post_gone'] }],
  },
  {
    name: 'any-attempt-succeeds',
    about: 'A success counts whichever attempt it is of.',
    edits: [
      {
        file: DECISIONS,
        find: "transition: 'succeed',\n    expect: { attempt, pool },",
        replace: "transition: 'succeed',\n    expect: {},",
      },
    ],
    breaks: 'stale_refused',
    where: [{ scenario: 'too-late' }, { scenario: 'session-resume', kinds: ['worker_paused'] }],
  },
  {
    name: 'any-attempt-fails',
    about: 'A failure counts whichever attempt it is of.',
    edits: [
      {
        file: END,
        find: 'if (run?.pool !== pool || run.attempt !== attempt || !isInFlight(run.status)) {\n      return proveCancelled',
        replace: 'if (run?.pool !== pool || !isInFlight(run.status)) {\n      return proveCancelled',
      },
    ],
    breaks: 'stale_refused',
    where: [{ scenario: 'retry', kinds: ['worker_died'] }],
  },
  {
    name: 'failure-untold',
    about: 'A run that failed for good leaves no exception.',
    edits: [{ file: END, find: 'final ? toException(run, ended, at) : undefined', replace: 'undefined' }],
    breaks: 'failure_told',
    where: [{ scenario: 'retry' }],
  },
  {
    name: 'each-failure-told',
    about: 'A try that failed leaves an exception although the run is tried again.',
    edits: [
      { file: END, find: 'final ? toException(run, ended, at) : undefined', replace: 'toException(run, ended, at)' },
    ],
    breaks: 'failure_told',
    where: [{ scenario: 'retry' }],
  },
  {
    name: 'cancel-not-sent',
    about: 'A cancelled run waits for its evidence, and its worker is never told.',
    edits: [
      {
        file: 'lib/application/runs/cancel-run.ts',
        find: "if (holder?.conn !== undefined && holder.st === 'up') {",
        replace: 'if (false) {',
      },
    ],
    breaks: 'cancel_heeded',
    where: [{ scenario: 'cancel-at-once' }],
  },
  {
    name: 'cancel-is-proof',
    about: 'A cancelled run says at once that its process has exited.',
    edits: [
      { file: DECISIONS, find: "evidence: { state: 'pending' }", replace: "evidence: { state: 'exited', at: now }" },
    ],
    breaks: 'evidence_true',
    where: [{ scenario: 'cancel-asleep' }],
  },
  {
    name: 'silence-is-proof',
    about: 'A cancelled run whose session is gone says that its process has exited.',
    edits: [{ file: WATCH, find: "return record('abandoned');", replace: "return record('exited');" }],
    breaks: 'evidence_true',
    where: [{ scenario: 'cancel-asleep' }],
  },
  {
    name: 'push-then-create',
    about: 'A new run is pushed before its row is written.',
    edits: [
      {
        file: 'lib/application/runs/create-run.ts',
        find: 'const outcome = await armAndCreate(() => submitDue(request, credit.grant, now()));',
        replace:
          'await tools.push(credit.session, [{ run: submitDue(request, credit.grant, now()), ...atHand }]);\nconst outcome = await armAndCreate(() => submitDue(request, credit.grant, now()));',
      },
      {
        file: 'lib/application/runs/create-run.ts',
        find: 'await tools.push(credit.session, [{ run: outcome.run, ...atHand }]);',
        replace: '',
      },
    ],
    breaks: 'one_valid_attempt',
    where: [{ scenario: 'one-shot' }],
  },
  {
    name: 'push-then-claim',
    about: 'A due run is pushed before the claim of it is written.',
    edits: [
      {
        file: WATCH,
        find: 'const committed = await runs.commit(dispatchDue(run, credit.grant, now()).change);',
        replace:
          'const decided = dispatchDue(run, credit.grant, now()).change;\nawait tools.push(credit.session, [{ run: { ...run, ...decided.set } }]);\nconst committed = await runs.commit(decided);',
      },
      { file: WATCH, find: 'await tools.push(credit.session, [{ run: committed.run }]);', replace: '' },
    ],
    breaks: 'one_valid_attempt',
    where: [{ scenario: 'ahead', kinds: ['crash_after', 'message_doubled'] }, { scenario: 'one-key' }],
  },
  {
    name: 'due-early',
    about: 'A run is dispatched a minute ahead of its instant.',
    edits: [
      { file: DECISIONS, find: 'dueAt <= now + DISPATCH_LEAD_MS', replace: 'dueAt <= now + 20 * DISPATCH_LEAD_MS' },
    ],
    breaks: 'never_early',
    where: [{ scenario: 'one-key' }],
  },
  {
    name: 'anothers-payload',
    about: 'A run is sent with the payload that was stored last.',
    edits: [
      {
        file: 'lib/adapters/memory/side-stores.ts',
        find: 'payloads.get(run),',
        replace: '[...payloads.values()].at(-1),',
      },
    ],
    breaks: 'stale_refused',
    where: [{ scenario: 'long-texts' }],
  },
  {
    name: 'batch-counted-again',
    about: 'A batch of changes that the stream delivers again is counted again.',
    edits: [
      {
        file: 'lib/adapters/memory/side-stores.ts',
        find: 'shard !== undefined && shard.position >= first',
        replace: 'false',
      },
    ],
    breaks: 'totals_exact',
    where: [{ scenario: 'ahead', kinds: ['crash_before'] }],
  },
  {
    name: 'key-not-kept',
    about: 'A key is bound to a new run although it is bound to one.',
    edits: [
      {
        file: 'lib/adapters/memory/side-stores.ts',
        find: 'held !== undefined && held.expiresAt >= now && (replacing === undefined || held.run !== replacing)',
        replace: 'held !== undefined && false',
      },
    ],
    breaks: 'one_run',
    where: [{ scenario: 'one-key' }],
  },
];
