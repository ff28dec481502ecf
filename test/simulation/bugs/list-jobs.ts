/** Jobs: rules J1 to J6, what was fired ahead, backfills, and the rules of dispatch that came with them. */
import type { Bug } from './bug.ts';

const FIRE = 'lib/application/jobs/fire-job.ts';
const CHANGE = 'lib/application/jobs/change-job.ts';
const JOB_RUNS = 'lib/application/jobs/job-runs.ts';
const RUNS_OF_FIRE = 'lib/application/jobs/runs-of-fire.ts';
const DECIDE_CHANGE = 'lib/domain/job/change.ts';
const DECIDE_FIRE = 'lib/domain/job/fire.ts';
const MISFIRE = 'lib/domain/job/misfire.ts';
const QUEUES = 'lib/application/dispatch/queues.ts';

const ARM_NEXT = `    if (after.next !== undefined) {
      await arm(ports, { kind: 'job', id: job.id, n: after.next }, job.rev, armedFor(after.next, now()));
    }
`;
const HELP_FIRST = "const { runs } = await runsOfFire.help(job, asks ? 'consistent' : 'eventual');";
const WRITE_FIRE = 'const written = await jobs.write(job, after, gap === undefined ? {} : { gap });\n';
const IS_ENDED = 'rows.every((run) => (run === undefined ? isOld : isTerminal(run.status)))';

export const JOB_BUGS: readonly Bug[] = [
  {
    name: 'change-does-not-help',
    hole: 'H26',
    about: 'A pause is answered while somebody is still about to create the run of the fire before.',
    edits: [{ file: CHANGE, find: "await tools.runsOfFire.help(job, 'consistent', CREATE_WITHIN_MS);\n", replace: '' }],
    breaks: 'halt_heeded',
    where: [{ scenario: 'job-pause', kinds: ['frozen', 'crash_before'] }],
  },
  {
    name: 'deleted-holds-no-id',
    hole: 'H27',
    about: 'A run that a person has deleted is no longer in the way of its id.',
    edits: [
      {
        file: 'lib/adapters/memory/runs.ts',
        find: "if (existing !== undefined) {\n        return { kind: 'exists', run: existing };",
        replace: "if (existing !== undefined && !existing.hidden) {\n        return { kind: 'exists', run: existing };",
      },
    ],
    breaks: 'one_valid_attempt',
    where: [{ scenario: 'job-run-deleted', pairs: { of: ['message_doubled', 'frozen'], first: 60 } }],
  },
  {
    name: 'name-without-revision',
    hole: 'H28',
    about: 'The name of a schedule does not say which revision of the chain it is for.',
    edits: [
      {
        file: 'lib/adapters/scheduler/alarm-schedules.ts',
        find: 'JSON.stringify([key, g, dueAt, nonce])',
        replace: 'JSON.stringify([key, dueAt])',
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'job-hourly' }],
  },
  {
    name: 'missing-is-free',
    hole: 'H29',
    about: 'A run that is not there yet is taken for one that has ended, by a fire that did not help.',
    edits: [
      { file: FIRE, find: HELP_FIRST, replace: 'const runs: never[] = [];' },
      { file: JOB_RUNS, find: IS_ENDED, replace: 'rows.every((run) => run === undefined || isTerminal(run.status))' },
    ],
    breaks: 'one_at_a_time',
    where: [{ scenario: 'job-forbid', seeds: [1, 2, 3], kinds: ['frozen'] }],
  },
  {
    name: 'skip-in-memory',
    hole: 'H30',
    about: 'That an occurrence is left out is not written with its fire: a second handler executes it.',
    edits: [
      {
        file: FIRE,
        find: WRITE_FIRE,
        replace:
          'const { skip, ...fired } = after.pend ?? {};\nconst written = await jobs.write(job, { ...after, pend: fired }, gap === undefined ? {} : { gap });\n',
      },
    ],
    breaks: 'skip_kept',
    where: [{ scenario: 'job-forbid' }],
  },
  {
    name: 'only-success-frees',
    hole: 'H31',
    about: 'A run that failed is never taken for ended: the job is locked.',
    edits: [
      {
        file: JOB_RUNS,
        find: IS_ENDED,
        replace: "rows.every((run) => (run === undefined ? isOld : run.status === 'succeeded'))",
      },
    ],
    breaks: 'never_locked',
    where: [{ scenario: 'job-failing' }],
  },
  {
    name: 'fire-then-arm',
    about: 'The next occurrence is armed after the row says that it comes.',
    edits: [
      { file: FIRE, find: ARM_NEXT, replace: '' },
      { file: FIRE, find: WRITE_FIRE, replace: WRITE_FIRE + ARM_NEXT },
    ],
    breaks: 'armed',
    where: [{ scenario: 'job' }],
  },
  {
    name: 'fire-is-not-fenced',
    about: 'An alarm that waited in vain gives up, and leaves the fire possible that it was armed for.',
    edits: [{ file: FIRE, find: 'if (await fence(alarm, job)) {', replace: 'if (true) {' }],
    breaks: 'armed',
    where: [{ scenario: 'job', seeds: [1, 2, 3], kinds: ['frozen'] }],
  },
  {
    name: 'fire-does-not-help',
    about: 'A fire leaves the one before without its run, whose handler died.',
    edits: [{ file: FIRE, find: HELP_FIRST, replace: 'const runs: never[] = [];' }],
    breaks: 'occurrences_accounted',
    where: [{ scenario: 'job', kinds: ['crash_before', 'crash_after'] }],
  },
  {
    name: 'fire-before-its-row',
    about: 'The run of a fire is created before the row says that it was fired.',
    edits: [
      {
        file: FIRE,
        find: WRITE_FIRE,
        replace: `if (after.pend !== undefined) await runsOfFire.create(after, after.pend);\n${WRITE_FIRE}`,
      },
    ],
    breaks: 'fired_once',
    where: [{ scenario: 'job' }],
  },
  {
    name: 'revision-stays',
    about: 'A change of the schedule makes no new revision.',
    edits: [
      { file: DECIDE_CHANGE, find: 'const fields = { rev: job.rev + 1,', replace: 'const fields = { rev: job.rev,' },
    ],
    breaks: 'armed',
    where: [{ scenario: 'job-pause' }, { scenario: 'job-edit' }],
  },
  {
    name: 'change-then-arm',
    about: 'A new schedule is not armed before the row says that it holds.',
    edits: [
      { file: CHANGE, find: 'if (after.rev !== job.rev && after.next !== undefined) {', replace: 'if (false) {' },
    ],
    breaks: 'armed',
    where: [{ scenario: 'job-edit' }],
  },
  {
    name: 'ahead-begins-all-the-same',
    about: 'A pause does not call back what was fired ahead for an instant that has not come.',
    edits: [
      {
        file: CHANGE,
        find: "await cancelAll(change.cancel);\n        return { kind: 'changed'",
        replace: "return { kind: 'changed'",
      },
    ],
    breaks: 'halt_heeded',
    where: [{ scenario: 'job-pause' }],
  },
  {
    name: 'ahead-is-fired-again',
    about: 'What the old schedule has fired ahead, the new one fires again.',
    edits: [
      {
        file: DECIDE_CHANGE,
        find: 'while (first !== undefined && kept.has(first)) {',
        replace: 'while (first !== undefined && false) {',
      },
    ],
    breaks: 'fired_once',
    where: [{ scenario: 'job-edit' }],
  },
  {
    name: 'replaced-goes-on',
    about: 'The run before is not cancelled.',
    edits: [{ file: RUNS_OF_FIRE, find: 'if (pend.replaces !== undefined) {', replace: 'if (false) {' }],
    breaks: 'one_at_a_time',
    where: [{ scenario: 'job-replace' }],
  },
  {
    name: 'judged-ahead',
    about: 'Whether the run before has ended is decided three seconds early.',
    edits: [{ file: DECIDE_FIRE, find: 'if (busy && now < n) {', replace: 'if (false) {' }],
    breaks: 'skip_kept',
    where: [{ scenario: 'job-forbid' }],
  },
  {
    name: 'start-passes-the-policy',
    about: 'A start by hand does not ask whether a run has not ended.',
    edits: [
      {
        file: 'lib/domain/job/by-hand.ts',
        find: "policy.concurrency !== 'allow' && last !== undefined && !lastEnded;",
        replace: 'false;',
      },
    ],
    breaks: 'one_at_a_time',
    where: [{ scenario: 'job-by-hand' }],
  },
  {
    name: 'nobody-reconciles',
    about: 'A job that was created when its alarm had given up is never found.',
    edits: [
      {
        file: 'lib/domain/job/reconcile.ts',
        find: 'job.next < now - CHAIN_LATE_MS ? job.next : undefined',
        replace: 'false ? job.next : undefined',
      },
    ],
    breaks: 'chain_kept',
    where: [{ scenario: 'job-late', seeds: [1, 2, 3], kinds: ['frozen'] }],
  },
  {
    name: 'missed-without-gap',
    about: 'What an outage left out is written down nowhere.',
    edits: [
      {
        file: MISFIRE,
        find: "fire > n ? { from: n, to: fire, reason: 'missed', by: misfire } : undefined",
        replace: 'undefined',
      },
    ],
    breaks: 'occurrences_accounted',
    where: [{ scenario: 'job-outage' }],
  },
  {
    name: 'paused-without-gap',
    about: 'What fell into a pause is written down nowhere.',
    edits: [
      {
        file: DECIDE_CHANGE,
        find: 'pausedAt === undefined || pausedAt === now\n',
        replace: 'pausedAt !== undefined || pausedAt === now\n',
      },
    ],
    breaks: 'occurrences_accounted',
    where: [{ scenario: 'job-pause' }],
  },
  {
    name: 'cap-not-kept',
    about: 'After an outage all that was missed is fired, however much.',
    edits: [{ file: MISFIRE, find: 'count < cap && kept > first', replace: 'kept > first' }],
    breaks: 'occurrences_accounted',
    where: [{ scenario: 'job-outage' }],
  },
  {
    name: 'backfill-without-bound',
    about: 'A backfill forgets what it has open when it counts its room.',
    edits: [
      {
        file: 'lib/domain/job/backfill.ts',
        find: 'const room = Math.max(0, row.parallel - open.length);',
        replace: 'const room = row.parallel;',
      },
    ],
    breaks: 'backfill_bound',
    where: [{ scenario: 'job-backfill' }],
  },
  {
    name: 'backfill-before-its-row',
    about: 'A backfill creates runs before its row names them.',
    edits: [
      {
        file: 'lib/application/jobs/watch-backfill.ts',
        find: 'if (!(await backfills.write(row, kept))) {',
        replace: 'await inBatches(due, (n) => create(job, row.id, n));\n    if (!(await backfills.write(row, kept))) {',
      },
    ],
    breaks: 'backfill_bound',
    where: [{ scenario: 'job-backfill' }],
  },
  {
    name: 'cancelled-is-enough',
    about: 'A backfill that is called off twice is answered while runs of it are still to appear.',
    edits: [
      {
        file: 'lib/application/jobs/backfills.ts',
        find: "state === 'running' || open.length > 0;",
        replace: "state === 'running';",
      },
    ],
    breaks: 'halt_heeded',
    where: [{ scenario: 'job-backfill-cut', kinds: ['crash_before', 'crash_after'] }],
  },
  {
    name: 'begins-too-late',
    about: 'A run begins after its last start.',
    edits: [
      {
        file: 'lib/domain/run.ts',
        find: 'run.tries === 0 && now >= (run.startBy ?? Number.POSITIVE_INFINITY)',
        replace: 'false',
      },
    ],
    breaks: 'starts_in_time',
    where: [{ scenario: 'job-deadline' }],
  },
  {
    name: 'verdict-not-told',
    about: 'A person has ended a run, and its worker goes on.',
    edits: [{ file: 'lib/application/runs/settle-run.ts', find: 'await tools.sendCancel(run);', replace: '' }],
    breaks: 'cancel_heeded',
    where: [{ scenario: 'verdict' }],
  },
  {
    name: 'nothing-ages',
    about: 'Nobody asks for what has waited long.',
    edits: [
      {
        file: 'lib/application/dispatch/ageing.ts',
        find: 'const dueBy = at - SHARE * settings.ageingMs;',
        replace: 'const dueBy = 0;',
      },
    ],
    breaks: 'aged_first',
    where: [{ scenario: 'ageing' }],
  },
  {
    name: 'needs-not-noted',
    about: 'Nobody is told that runs with needs wait.',
    edits: [{ file: QUEUES, find: 'if (run.needs === undefined || queue', replace: 'if (true || queue' }],
    breaks: 'served_in_time',
    where: [{ scenario: 'job-needs' }],
  },
  {
    name: 'needs-not-met',
    about: 'Whoever knows the handler takes what others are needed for.',
    edits: [
      {
        file: QUEUES,
        find: '(queue === handler || (needs !== undefined && meetsNeeds(session, needs)))',
        replace: '(queue === handler || needs !== undefined)',
      },
    ],
    breaks: 'needs_met',
    where: [{ scenario: 'job-needs', seeds: [1, 2, 3] }],
  },
  {
    name: 'broadcast-to-anybody',
    about: 'The runs of a broadcast do not say which worker each is for.',
    edits: [
      {
        file: 'lib/domain/job/pending.ts',
        find: 'needs: worker === undefined ? needs : { ...needs, workers: [worker] }',
        replace: 'needs',
      },
    ],
    breaks: 'needs_met',
    where: [{ scenario: 'job-broadcast', seeds: [1, 2, 3, 4, 5, 6] }],
  },
];
