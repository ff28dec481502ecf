/** Transactions: what begins when, what is undone when, what a crash leaves, and whom a person is told of. */
import type { Bug } from './bug.ts';

const ADVANCE = 'lib/domain/saga/advance.ts';
const BEGIN = 'lib/domain/saga/begin.ts';
const COMMAND = 'lib/domain/saga/command.ts';
const ENSURE = 'lib/domain/saga/ensure.ts';
const PREPARE = 'lib/domain/saga/prepare.ts';
const SETTLE = 'lib/domain/saga/settle.ts';
const TURN = 'lib/domain/saga/turn.ts';
const CARRY_OUT = 'lib/application/sagas/carry-out.ts';
const CHILDREN = 'lib/application/sagas/children.ts';
const STORE = 'lib/adapters/memory/sagas/sagas.ts';
const COUNT = 'lib/application/runs/count-changes.ts';

const IS_FREE = 'dependenciesOf(draft, step).every(isDone);';
const UNDO_ORDER = 'return !isActive(other) && !isToUndo(dependent, other);';

export const SAGA_BUGS: readonly Bug[] = [
  {
    name: 'runs-before-their-row',
    about: 'The runs of a decision are created before the row names them.',
    edits: [
      {
        file: CARRY_OUT,
        find: 'const after = changes ? await write(before, decision, by) : before;',
        replace:
          'await effects(before, decision);\nconst after = changes ? await write(before, decision, by) : before;',
      },
    ],
    breaks: 'saga_row_first',
    where: [{ scenario: 'saga' }],
  },
  {
    name: 'decided-on-an-old-row',
    about: 'A decision is written whatever has become of the row that it was made on.',
    edits: [
      {
        file: STORE,
        find: 'table.get(before.no)?.version === before.version &&',
        replace: 'table.get(before.no) !== undefined &&',
      },
    ],
    breaks: 'terminal_final',
    where: [{ scenario: 'saga', kinds: ['frozen', 'frame_doubled'] }],
  },
  {
    name: 'started-twice',
    about: 'The name of an instance is not held by the first that takes it.',
    edits: [{ file: STORE, find: 'if (holder !== undefined) {', replace: 'if (false) {' }],
    breaks: 'one_saga',
    where: [{ scenario: 'saga', kinds: ['request_doubled'] }],
  },
  {
    name: 'late-decision-not-fenced',
    about: 'An alarm that waited in vain leaves the decision possible that it was armed for.',
    edits: [
      {
        file: STORE,
        find: 'put({ ...saga, version: saga.version + 1 });\n      return true;\n    },\n    voidMissing',
        replace: 'return true;\n    },\n    voidMissing',
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'saga-two-persons', seeds: [2], kinds: ['frozen'] }],
  },
  {
    name: 'patient-alarm-is-enough',
    hole: 'H40',
    about: 'Whoever moves a failed transaction on relies on an alarm that may have looked at it meanwhile.',
    edits: [{ file: CARRY_OUT, find: "if (status !== 'failed' && wakeAt", replace: 'if (wakeAt' }],
    breaks: 'armed',
    where: [{ scenario: 'saga-two-persons', kinds: ['frozen'] }],
  },
  {
    name: 'join-does-not-wait',
    about: 'A step begins when one of those that it depends on is done.',
    edits: [
      {
        file: BEGIN,
        find: IS_FREE,
        replace: '(step.dependsOn.length === 0 || dependenciesOf(draft, step).some(isDone));',
      },
    ],
    breaks: 'saga_order',
    where: [{ scenario: 'saga' }],
  },
  {
    name: 'condition-not-asked',
    about: 'A step is executed whether its condition holds or not.',
    edits: [{ file: BEGIN, find: '(step.when !== undefined && !holds(step.when, rootsOf(draft)))', replace: 'false' }],
    breaks: 'saga_order',
    where: [{ scenario: 'saga' }],
  },
  {
    name: 'goes-on-while-it-unwinds',
    about: 'What waited when the transaction turned back begins all the same.',
    edits: [
      {
        file: TURN,
        find: "if (state.status === 'running') {\n      setStep(draft, step, { ...state, stopping: true });",
        replace: 'if (false) {',
      },
      { file: TURN, find: "} else if (state.status === 'pending') {", replace: '} else if (false) {' },
      {
        file: ADVANCE,
        find: "  if (draft.direction === 'forward') {\n    beginSteps(draft);\n  }",
        replace: '  beginSteps(draft);',
      },
    ],
    breaks: 'saga_order',
    where: [{ scenario: 'saga-two-fail' }],
  },
  {
    name: 'all-undone-at-once',
    about: 'A step is undone though what depends on it is not.',
    edits: [{ file: BEGIN, find: UNDO_ORDER, replace: 'return !isActive(other);' }],
    breaks: 'saga_undo',
    where: [{ scenario: 'saga-unwind' }],
  },
  {
    name: 'undone-while-it-runs',
    about: 'A step is undone while one that depends on it still works.',
    edits: [{ file: BEGIN, find: UNDO_ORDER, replace: 'return !isToUndo(dependent, other);' }],
    breaks: 'saga_undo',
    where: [{ scenario: 'saga-two-fail' }, { scenario: 'saga-cancel' }],
  },
  {
    name: 'stopped-when-asked',
    about: 'A run that is asked to stop is taken for one that has stopped.',
    edits: [
      {
        file: SETTLE,
        find: 'leave ? isTerminal(run.status) : !isRunOpen(run)',
        replace: 'isTerminal(run.status)',
      },
    ],
    breaks: 'saga_complete',
    where: [{ scenario: 'saga-cancel', kinds: ['frame_lost', 'crash_before', 'frozen'] }],
  },
  {
    name: 'past-the-pivot',
    about: 'A cancel turns a transaction back that has passed its pivot.',
    edits: [
      {
        file: COMMAND,
        find: "if (!leave && draft.direction === 'forward' && isBarred(draft)) {",
        replace: 'if (false) {',
      },
    ],
    breaks: 'saga_undo',
    where: [{ scenario: 'saga-pivot' }],
  },
  {
    name: 'too-slow-is-not-done',
    about: 'A step that ran out of time is taken for one that has done nothing.',
    edits: [
      { file: SETTLE, find: "(status === 'timed_out' && reason !== 'not_started') ||", replace: '' },
      {
        file: SETTLE,
        find: "tried.outcome === 'timed_out' || tried.outcome === 'lost'",
        replace: "tried.outcome === 'lost'",
      },
    ],
    breaks: 'saga_undo',
    where: [{ scenario: 'saga-unknown' }],
  },
  {
    name: 'earlier-tries-forgotten',
    about: 'What an earlier try may have done is forgotten when the last one fails for certain.',
    edits: [
      {
        file: SETTLE,
        find: "history.some((tried) => tried.outcome === 'timed_out' || tried.outcome === 'lost' || leavesOpen(tried))",
        replace: 'history.length < 0',
      },
    ],
    breaks: 'saga_undo',
    where: [{ scenario: 'saga-tries' }],
  },
  {
    name: 'undone-stays-done',
    about: 'What was undone is not done again when a person turns the transaction round.',
    edits: [{ file: TURN, find: "if (state.undo === 'succeeded') {", replace: 'if (false) {' }],
    breaks: 'saga_complete',
    where: [{ scenario: 'saga-forward' }],
  },
  {
    name: 'edit-not-taken',
    about: 'A step that a person gave another input is tried with the old one.',
    edits: [
      {
        file: PREPARE,
        find: '(undo ? state.undoInput : undefined) ?? state.input',
        replace: 'undo ? state.undoInput : undefined',
      },
    ],
    breaks: 'saga_input',
    where: [{ scenario: 'saga-desk' }],
  },
  {
    name: 'key-of-the-task',
    about: 'Requests of two transactions carry the same idempotency key.',
    edits: [
      {
        file: 'lib/domain/flow/to-work.ts',
        find: "'Idempotency-Key': run,",
        replace: "'Idempotency-Key': run.split('~')[1] ?? run,",
      },
    ],
    breaks: 'saga_input',
    where: [{ scenario: 'saga' }],
  },
  {
    name: 'retried-under-the-old-number',
    about: 'A retry names the run that has failed.',
    edits: [
      {
        file: BEGIN,
        find: "status: 'running', runs: before.runs + 1 }",
        replace: "status: 'running', runs: Math.max(1, before.runs) }",
      },
    ],
    breaks: 'saga_complete',
    where: [{ scenario: 'saga-desk' }],
  },
  {
    name: 'failed-in-silence',
    about: 'A step fails for good, and nobody is told.',
    edits: [{ file: SETTLE, find: 'if (!isBackward || before.exception !== undefined) {', replace: 'if (false) {' }],
    breaks: 'saga_told',
    where: [{ scenario: 'saga-desk' }],
  },
  {
    name: 'undone-and-still-open',
    about: 'The exceptions of what was undone stay open.',
    edits: [{ file: ADVANCE, find: "  compensated: 'compensated',\n", replace: '' }],
    breaks: 'saga_told',
    where: [{ scenario: 'saga-unwind' }],
  },
  {
    name: 'left-with-a-run-to-come',
    about: 'What is called off before its run exists is not kept from existing: its creator comes late.',
    edits: [
      { file: ENSURE, find: 'draft.starts.push(markOf(draft, step, undo));\n  }\n  // Of', replace: '}\n  // Of' },
    ],
    breaks: 'quiet_in_time',
    where: [{ scenario: 'saga-leave', seeds: [1, 2, 3], kinds: ['crash_before', 'frozen'] }],
  },
  {
    name: 'child-not-started',
    about: 'A transaction whose starter died after it had created the run that waits for it is started by nobody.',
    edits: [
      {
        file: CHILDREN,
        find: 'return child !== undefined || (await sagas.find(run.id)) !== undefined;',
        replace: 'return true;',
      },
    ],
    breaks: 'saga_complete',
    where: [{ scenario: 'saga-child', kinds: ['crash_before', 'crash_after'] }],
  },
  {
    name: 'child-ends-in-silence',
    about: 'Nobody tells the run that waits for a transaction of its end when who should have told it died.',
    edits: [
      {
        file: CARRY_OUT,
        find: 'isSagaEnded(saga) && isChild(saga);',
        replace: 'false;',
      },
      { file: CHILDREN, find: 'if (child !== undefined && isSagaEnded(child)) {', replace: 'if (false) {' },
    ],
    breaks: 'saga_complete',
    where: [{ scenario: 'saga-child', kinds: ['crash_before', 'crash_after'] }],
  },
  {
    name: 'unwound-again-unasked',
    about: 'A child whose undo has failed is turned back again each time that somebody finds that its parent has.',
    edits: [
      {
        file: CHILDREN,
        find: "if (child !== undefined && !isSagaEnded(child) && child.direction === 'forward') {",
        replace: 'if (child !== undefined && !isSagaEnded(child)) {',
      },
    ],
    breaks: 'saga_row_first',
    where: [{ scenario: 'saga-child-stuck' }],
  },
  {
    name: 'word-for-who-armed-last',
    hole: 'H39',
    about: 'Two alarms that are armed for one bump at one moment have one name: only one of them exists.',
    edits: [
      {
        file: 'lib/adapters/scheduler/alarm-schedules.ts',
        find: 'JSON.stringify([key, g, dueAt, nonce])',
        replace: 'JSON.stringify([key, g, dueAt])',
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'saga-late', seeds: [6], kinds: ['message_doubled'] }],
  },
  {
    name: 'left-to-its-alarm',
    about: 'The end of a step moves its transaction on only when the alarm looks.',
    edits: [
      {
        file: 'lib/application/sessions/receive-frame.ts',
        find: "await tools.ended(...settled.flatMap(({ ended }) => (ended.kind === 'stale' ? [] : [ended.run])));",
        replace: '',
      },
    ],
    breaks: 'on_time',
    where: [{ scenario: 'saga' }],
  },
  {
    name: 'counted-where-it-was',
    about: 'A transaction that moves on is counted in its new status, and still in its old one.',
    edits: [
      {
        file: COUNT,
        find: '...(before && { [before.status]: -1 }),\n    [after.status]: 1,',
        replace: '[after.status]: 1,',
      },
    ],
    breaks: 'totals_exact',
    where: [{ scenario: 'saga' }],
  },
];
