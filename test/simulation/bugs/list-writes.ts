/** Every write is conditional: each part of each condition, left out (rules W1, W2, R2, R6). */
import type { Bug } from './bug.ts';

const RUNS = 'lib/adapters/memory/runs.ts';
const SESSIONS = 'lib/adapters/memory/sessions.ts';

export const WRITE_BUGS: readonly Bug[] = [
  {
    name: 'own-write-unknown',
    hole: 'H4',
    about: 'A repeated request that finds what its first try wrote takes it for another writer.',
    edits: [
      {
        file: 'test/simulation/cloud/network.ts',
        find: "rowOf(name, args) === left || name === 'idempotency.reserve' || name === 'counts.add'",
        replace: 'false',
      },
      { file: 'test/simulation/cloud/network.ts', find: "=== 'created';", replace: "=== 'never';" },
    ],
    breaks: 'one_run',
    where: [{ scenario: 'backlog', kinds: ['answer_repeated'] }],
  },
  {
    name: 'status-not-asked',
    about: 'A write does not ask for the status that it starts from.',
    edits: [{ file: RUNS, find: 'from.includes(run.status) &&', replace: 'from.length >= 0 &&' }],
    breaks: 'terminal_final',
    where: [{ scenario: 'retry', kinds: ['message_doubled'] }],
  },
  {
    name: 'attempt-not-asked',
    about: 'A write does not ask which attempt it is about.',
    edits: [{ file: RUNS, find: '(expect.attempt === undefined || run.attempt === expect.attempt) &&', replace: '' }],
    breaks: 'stale_refused',
    where: [{ scenario: 'too-late' }],
  },
  {
    name: 'session-not-asked',
    about: 'A loss does not ask whether the run still belongs to the session that was lost.',
    edits: [
      { file: RUNS, find: '(expect.session === undefined || run.session?.id === expect.session) &&', replace: '' },
    ],
    breaks: 'one_valid_attempt',
    where: [{ scenario: 'adoption', kinds: ['frozen'] }],
  },
  {
    name: 'evidence-twice',
    about: 'The evidence of a cancelled run is told although it was told already.',
    edits: [
      { file: RUNS, find: "(!expect.evidencePending || run.evidence?.state === 'pending')", replace: 'true' },
      { file: 'lib/application/runs/end-attempt.ts', find: " || run.evidence?.state !== 'pending'", replace: '' },
    ],
    breaks: 'terminal_final',
    where: [{ scenario: 'cancel-race', kinds: ['frozen'] }],
  },
  {
    name: 'silence-not-asked',
    about: 'A session is lost although its worker was heard since the look.',
    edits: [{ file: SESSIONS, find: ' && (hbAt === undefined || session.hbAt === hbAt)', replace: '' }],
    breaks: 'session_kept',
    where: [{ scenario: 'sleeper', kinds: ['frozen'], seeds: [7, 5, 3, 6] }],
  },
  {
    name: 'older-socket-resumes',
    about: 'A resume of an older socket takes the session back from the newer one.',
    edits: [{ file: SESSIONS, find: ' && session.epoch < socket.epoch', replace: '' }],
    breaks: 'reports_ordered',
    where: [{ scenario: 'session-resume', kinds: ['frame_delayed'] }],
  },
  {
    name: 'old-socket-detaches',
    hole: 'H24',
    about: 'The late end of an old socket takes the session from its new one.',
    edits: [{ file: SESSIONS, find: 'if (session?.conn !== conn) {', replace: 'if (session === undefined) {' }],
    breaks: 'socket_kept',
    where: [{ scenario: 'session-resume', kinds: ['disconnect_late'] }],
  },
  {
    name: 'lost-is-settled',
    hole: 'H25',
    about: 'A session that is lost counts as settled.',
    edits: [
      {
        file: 'lib/application/alarms/watch-session.ts',
        find: "if (session.st === 'lost') {\n      return bury(session);",
        replace: "if (session.st === 'lost') {\n      return { next: 'none' };",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'one-shot', kinds: ['crash_after'] }],
  },
  {
    name: 'over-an-old-row',
    about: 'A run is created although a run of its id is there.',
    edits: [{ file: RUNS, find: 'if (existing !== undefined) {', replace: 'if (existing?.keyed === run.id) {' }],
    breaks: 'one_valid_attempt',
    where: [
      { scenario: 'one-key', kinds: ['frozen'] },
      { scenario: 'late-writers', kinds: ['frozen'] },
    ],
  },
  {
    name: 'report-to-the-lost',
    about: 'The report of a session that is over is stored, and pushes are taken of it.',
    edits: [{ file: SESSIONS, find: "session.st === 'up' && session.rep < rep", replace: 'session.rep < rep' }],
    breaks: 'credit_bound',
    where: [{ scenario: 'waiting', kinds: ['worker_paused'] }],
  },
  {
    name: 'resume-of-the-lost',
    about: 'A session that is over is resumed: its worker believes that it may go on.',
    edits: [
      {
        file: SESSIONS,
        find: "session.st === 'up' && session.epoch < socket.epoch",
        replace: 'session.epoch < socket.epoch',
      },
    ],
    breaks: 'sleeper_waits',
    where: [{ scenario: 'one-shot', kinds: ['worker_paused'] }],
  },
  {
    name: 'closed-is-deleted',
    hole: 'H34',
    about:
      'The row of a session that is over is deleted at once, and a slow function that handles its hello again creates it anew.',
    edits: [
      { file: 'lib/domain/session.ts', find: 'session.createdAt + CLOSED_KEPT_MS', replace: 'session.createdAt' },
    ],
    breaks: 'armed',
    where: [{ scenario: 'drain', pairs: { of: ['frame_doubled', 'frozen'], first: 24 }, seeds: [1, 2, 3, 4] }],
  },
];
