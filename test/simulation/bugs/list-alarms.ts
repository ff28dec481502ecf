/** Alarms: rules A1 to A7. */
import type { Bug } from './bug.ts';

const ALARM = 'lib/domain/alarm.ts';
const RING = 'lib/application/alarms/ring.ts';
const RUNS = 'lib/adapters/memory/runs.ts';
const SCHEDULES = 'lib/adapters/scheduler/alarm-schedules.ts';

export const ALARM_BUGS: readonly Bug[] = [
  {
    name: 'equal-is-due',
    hole: 'H1',
    about: 'An alarm with the generation of its row acts without looking at the time that the row names.',
    edits: [
      { file: ALARM, find: "return now < row.wakeAt ? 'rearm' : 'act';", replace: "return 'act';" },
      { file: 'lib/application/alarms/watch-run.ts', find: 'if (!isDue(run.dueAt, now())) {', replace: 'if (false) {' },
    ],
    breaks: 'never_early',
    where: [{ scenario: 'stubborn', kinds: ['frame_doubled'], seeds: [10, 13, 23, 25] }],
  },
  {
    name: 'schedule-without-time',
    hole: 'H2',
    about: 'A schedule is named by key and generation alone: the next writer takes the time of a dead one for its own.',
    edits: [{ file: SCHEDULES, find: 'JSON.stringify([key, g, dueAt, nonce])', replace: 'JSON.stringify([key, g])' }],
    breaks: 'armed',
    where: [{ scenario: 'patience', kinds: ['crash_after'], seeds: [4], from: 330 }],
  },
  {
    name: 'no-fence',
    hole: 'H3',
    about: 'An alarm that has waited in vain for its commit ends without making that commit impossible.',
    edits: [
      {
        file: RING,
        find: 'if (await giveUp(alarm, watch, row)) {',
        replace: 'if (row === undefined || (await giveUp(alarm, watch, row))) {',
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'one-shot', kinds: ['frozen'], seeds: [1, 2, 3, 4, 5] }],
  },
  {
    name: 'void-not-asked',
    hole: 'H3',
    about: 'A row is created although the alarm that was armed for it has given up.',
    edits: [{ file: RUNS, find: 'if (voids.get(run.id)?.has(nonce)) {', replace: 'if (false) {' }],
    breaks: 'armed',
    where: [{ scenario: 'one-shot', kinds: ['frozen'], seeds: [1, 2, 3, 4, 5] }],
  },
  {
    name: 'fence-not-asked',
    hole: 'H3',
    about: 'A commit does not ask whether an alarm has given up waiting for it.',
    edits: [{ file: RUNS, find: '(expect.fence === undefined || run.fence === expect.fence) &&', replace: '' }],
    breaks: 'armed',
    where: [{ scenario: 'late-writers', kinds: ['frozen'], seeds: [5, 6, 11] }],
  },
  {
    name: 'one-nonce',
    hole: 'H32',
    about: 'A void mark remembers one nonce: of two creators whose alarms gave up, the first may create its row.',
    edits: [
      {
        file: RUNS,
        find: 'voids.set(id, (voids.get(id) ?? new Set()).add(nonce));',
        replace: 'voids.set(id, new Set([nonce]));',
      },
    ],
    breaks: 'armed',
    where: [
      { scenario: 'late-writers', pairs: { of: ['frozen', 'frozen'], first: 10 }, seeds: [3, 9, 1, 2, 4, 5, 6, 7, 8] },
    ],
  },
  {
    name: 'no-bump',
    hole: 'H5',
    about:
      'An alarm is sent on for ever under one generation, so siblings that a crash left behind live as long as the row.',
    edits: [
      {
        file: ALARM,
        find: '(alarm.hop + 1) % HOPS_PER_GENERATION === 0',
        replace: 'alarm.hop + 1 < HOPS_PER_GENERATION - 100',
      },
    ],
    breaks: 'alarms_end',
    where: [{ scenario: 'long-wait', kinds: ['message_doubled'] }],
  },
  {
    name: 'bump-without-nonce',
    hole: 'H33',
    about: 'A bump does not say which alarm the new generation belongs to: twins that travel together both go on.',
    edits: [{ file: ALARM, find: '&& row.bumped.nonce !== alarm.nonce', replace: '&& row.bumped.g !== alarm.g' }],
    breaks: 'alarms_end',
    where: [{ scenario: 'long-wait', kinds: ['message_doubled'] }],
  },
  {
    name: 'older-acts',
    about: 'An alarm of an older generation acts beside the one that took its place.',
    edits: [
      { file: ALARM, find: 'if (!row.open || row.g > alarm.g) {', replace: 'if (!row.open) {' },
      { file: ALARM, find: 'if (row.g === alarm.g) {', replace: 'if (row.g >= alarm.g) {' },
    ],
    breaks: 'alarms_end',
    where: [{ scenario: 'long-wait', kinds: ['message_kept'] }],
  },
  {
    name: 'final-is-over',
    hole: 'H6',
    about: 'A cancelled run counts as closed although nobody has proof that its process ended.',
    edits: [
      {
        file: 'lib/domain/run.ts',
        find: "!isTerminal(run.status) || run.evidence?.state === 'pending'",
        replace: '!isTerminal(run.status)',
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'cancel-at-once', kinds: ['post_lost', 'frame_lost'] }],
  },
  {
    name: 'looks-each-minute',
    hole: 'H15',
    about: 'A run that waits is looked at every minute, however long it has waited.',
    edits: [{ file: ALARM, find: 'return next ?? now + LONGEST_LOOK_MS;', replace: 'return next ?? now + 60_000;' }],
    breaks: 'cost_bounded',
    where: [{ scenario: 'long-wait' }],
  },
  {
    name: 'early-is-dropped',
    about: 'An alarm that comes too early ends instead of being sent on.',
    edits: [{ file: RING, find: 'await later(alarm, watch, row, watch.watched(row).wakeAt);', replace: '' }],
    breaks: 'armed',
    where: [{ scenario: 'one-shot' }, { scenario: 'ahead' }],
  },
  {
    name: 'look-is-dropped',
    about: 'An alarm that has looked does not come again.',
    edits: [{ file: RING, find: 'await later(alarm, watch, row, acted.at);', replace: '' }],
    breaks: 'armed',
    where: [{ scenario: 'long-wait' }],
  },
  {
    name: 'wait-is-dropped',
    about: 'An alarm that overtook its commit ends instead of waiting for it.',
    edits: [{ file: RING, find: 'await ports.alarms.send({ ...alarm, dueAt: now() + WAIT_MS });', replace: '' }],
    breaks: 'armed',
    where: [{ scenario: 'one-shot', kinds: ['frozen'] }],
  },
  {
    name: 'waits-for-ever',
    about: 'An alarm that waits for its commit counts its 90 s from its last look.',
    edits: [
      {
        file: RING,
        find: '{ ...alarm, dueAt: now() + WAIT_MS }',
        replace: '{ ...alarm, dueAt: now() + WAIT_MS, armedAt: now() }',
      },
    ],
    breaks: 'quiet_in_time',
    where: [{ scenario: 'one-shot', kinds: ['crash_after'] }],
  },
  {
    name: 'bump-then-arm',
    about: 'The next generation is armed after the row has moved to it.',
    edits: [
      {
        file: RING,
        find: 'const nonce = await arm(ports, alarm.key, g + 1, at);',
        replace: 'const nonce = ports.token();',
      },
      {
        file: RING,
        find: 'if (!(await watch.bump(g, fence, nonce))) {',
        replace:
          'const bumped = await watch.bump(g, fence, nonce);\nawait ports.alarms.send({ key: alarm.key, g: g + 1, dueAt: at, hop: 0, armedAt: now(), nonce });\nif (!bumped) {',
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'long-wait' }],
  },
  {
    name: 'error-swallowed',
    about: 'An alarm whose action failed is deleted like one that was done.',
    edits: [
      {
        file: 'lib/platform/queue/alarms-handler.ts',
        find: 'await postpone(record);\n      return false;',
        replace: 'await postpone(record);\n      return true;',
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'ahead', kinds: ['throttled'] }],
  },
  {
    name: 'deleted-before-acting',
    about: 'The message is deleted before its alarm has acted.',
    edits: [
      {
        file: 'lib/platform/queue/alarms-handler.ts',
        find: 'await engine.ring(decodeAlarm(record.body));',
        replace: 'void engine.ring(decodeAlarm(record.body));',
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'one-shot' }, { scenario: 'ahead' }],
  },
  {
    name: 'schedule-at-the-instant',
    about: 'A schedule fires at the instant itself, within the minute that EventBridge takes for it.',
    edits: [
      {
        file: ALARM,
        find: 'dueAt - LEAD_LEAST_MS - Math.floor(spread * (LEAD_MOST_MS - LEAD_LEAST_MS))',
        replace: 'dueAt',
      },
    ],
    breaks: 'on_time',
    where: [{ scenario: 'ahead' }],
  },
  {
    name: 'queue-holds-an-hour',
    about: 'The queue is asked to hold a message back for longer than SQS can.',
    edits: [
      { file: ALARM, find: 'if (aheadMs <= LONGEST_LOOK_MS) {', replace: 'if (aheadMs <= 4 * LONGEST_LOOK_MS) {' },
    ],
    breaks: 'no_error',
    where: [{ scenario: 'ahead' }],
  },
  {
    name: 'woken-at-the-instant',
    about: 'The alarm of a later run is due at its instant, and not the 3 s before that its way takes.',
    edits: [
      {
        file: 'lib/domain/run-decisions.ts',
        find: 'Math.max(now + ALARM_AFTER_MS, dueAt - DISPATCH_LEAD_MS)',
        replace: 'Math.max(now + ALARM_AFTER_MS, dueAt)',
      },
    ],
    breaks: 'on_time',
    where: [{ scenario: 'ahead' }],
  },
  {
    name: 'gives-up-at-once',
    about: 'An alarm waits 5 s for its commit and then ends.',
    edits: [
      {
        file: RING,
        find: "if (verdict === 'wait') {",
        replace: "if (verdict === 'wait') {\n        if (now() > alarm.armedAt + 5_000) return;",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'one-shot', kinds: ['frozen'] }],
  },
  {
    name: 'any-alarm-will-do',
    about: 'A claim relies on the live alarm of the waiting run, however late that comes.',
    edits: [{ file: 'lib/domain/run-decisions.ts', find: ' && liveAt <= set.wakeAt', replace: '' }],
    breaks: 'armed',
    where: [{ scenario: 'late-worker' }],
  },
];
