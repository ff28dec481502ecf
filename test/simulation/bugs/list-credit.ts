/** Credit: rules C1 to C6, and what a look costs (D2 to D5). */
import type { Bug } from './bug.ts';

const SESSIONS = 'lib/adapters/memory/sessions.ts';
const FRAME = 'lib/application/sessions/receive-frame.ts';
const SETTLE = 'lib/application/sessions/settle-report.ts';

export const CREDIT_BUGS: readonly Bug[] = [
  {
    name: 'pushes-leak',
    hole: 'H7',
    about: 'A push that was taken for a lost claim is neither given back nor voided later.',
    edits: [
      {
        file: SESSIONS,
        find: '(session) => session.q === taken.q && session.op === taken.op,',
        replace: '() => false,',
      },
      { file: SETTLE, find: 'missedPushes(session) && session.conn !== undefined', replace: 'false' },
    ],
    breaks: 'credit_kept',
    where: [{ scenario: 'one-shot', kinds: ['crash_after'] }],
  },
  {
    name: 'no-sync',
    hole: 'H7',
    about: 'A push that was taken and never sent is never voided.',
    edits: [{ file: SETTLE, find: 'missedPushes(session) && session.conn !== undefined', replace: 'false' }],
    breaks: 'credit_kept',
    where: [{ scenario: 'one-shot', kinds: ['crash_after'] }],
  },
  {
    name: 'report-must-match',
    hole: 'H8',
    about: 'A report is stored only when the worker has seen every push, so one on its way makes it void.',
    edits: [
      {
        file: SESSIONS,
        find: "session.st === 'up' && session.rep < rep &&",
        replace: "session.st === 'up' && session.q === seen && session.rep < rep &&",
      },
    ],
    breaks: 'on_time',
    where: [{ scenario: 'busy', seeds: [1, 2, 3, 4, 5, 6, 7, 8] }],
  },
  {
    name: 'handover-not-counted',
    hole: 'H9',
    about: 'A slot that is handed over with the report of its result is not counted as taken.',
    edits: [{ file: SESSIONS, find: '...(take === 0 ? {} : { q: session.q + take, takeAt: now }),', replace: '' }],
    breaks: 'credit_bound',
    where: [{ scenario: 'backlog' }, { scenario: 'busy' }],
  },
  {
    name: 'hands-over-twice',
    hole: 'H10',
    about: 'A result that changed nothing hands its slot over once more.',
    edits: [
      {
        file: FRAME,
        find: "ended.kind === 'ended' ? [ended.run] : []",
        replace: "ended.kind === 'ended' ? [ended.run] : [{ handler: 'send_email' }]",
      },
      {
        file: SESSIONS,
        find: 'session.rep < rep && (take === 0 || session.q <= limit - take),',
        replace: '(take === 0 ? session.rep < rep : session.rep <= rep),',
      },
    ],
    breaks: 'credit_bound',
    where: [
      { scenario: 'sleeper', kinds: ['frame_doubled'] },
      { scenario: 'backlog', kinds: ['frame_doubled'] },
    ],
  },
  {
    name: 'reports-unordered',
    hole: 'H11',
    about: 'A report that was overtaken by a younger one is stored.',
    edits: [{ file: SESSIONS, find: 'session.rep < rep && ', replace: '' }],
    breaks: 'reports_ordered',
    where: [{ scenario: 'retry', kinds: ['frame_delayed'] }],
  },
  {
    name: 'gaps-are-free',
    hole: 'H12',
    about: 'A push that has not come yet counts as a free slot.',
    edits: [{ file: 'lib/domain/slot-window.ts', find: ' - window.gaps.size;', replace: ';' }],
    breaks: 'credit_bound',
    where: [{ scenario: 'overtaken', kinds: ['post_delayed'], seeds: [1, 2, 3, 4] }],
  },
  {
    name: 'heartbeat-does-not-look',
    hole: 'H13',
    about: 'A heartbeat with free slots does not look for runs that wait.',
    edits: [{ file: SETTLE, find: 'await tools.serveSession.serve(session);', replace: '' }],
    breaks: 'served_in_time',
    where: [{ scenario: 'late-worker', kinds: ['crash_after'] }],
  },
  {
    name: 'look-reads-all',
    hole: 'H14',
    about: 'A look for credit reads every session of the pool.',
    edits: [
      {
        file: 'lib/domain/session.ts',
        find: 'export const SESSIONS_PER_LOOK = 8;',
        replace: 'export const SESSIONS_PER_LOOK = 1_000;',
      },
    ],
    breaks: 'cost_bounded',
    where: [{ scenario: 'crowd' }],
  },
  {
    name: 'claims-from-the-top',
    hole: 'H16',
    about: 'All free workers claim the first run of the index.',
    edits: [{ file: 'lib/application/dispatch/serve-session.ts', find: ' || a.draw - b.draw', replace: '' }],
    breaks: 'cost_bounded',
    where: [{ scenario: 'crowd', seeds: [1, 2, 3] }],
  },
  {
    name: 'take-beyond-limit',
    about: 'A push is taken without asking whether any is left.',
    edits: [{ file: SESSIONS, find: 'count === 1 ? session.q < session.limit :', replace: 'count === 1 ? true :' }],
    breaks: 'credit_bound',
    where: [{ scenario: 'backlog' }, { scenario: 'busy' }, { scenario: 'crowd' }],
  },
  {
    name: 'take-many-beyond-limit',
    about: 'Several pushes are taken although the session was taken from since it was read.',
    edits: [{ file: SESSIONS, find: 'session.q <= read.q && session.limit >= read.limit', replace: 'true' }],
    breaks: 'credit_bound',
    where: [{ scenario: 'backlog', kinds: ['frame_doubled'] }],
  },
  {
    name: 'handover-beyond-limit',
    about: 'A result hands over more than its report leaves room for.',
    edits: [{ file: SESSIONS, find: ' && (take === 0 || session.q <= limit - take)', replace: '' }],
    breaks: 'credit_bound',
    where: [{ scenario: 'drain' }],
  },
  {
    name: 'take-from-the-lost',
    about: 'A push is taken of a session that is over.',
    edits: [{ file: SESSIONS, find: "session.st === 'up' &&\n          (count", replace: '(count' }],
    breaks: 'credit_bound',
    where: [{ scenario: 'sleeper', kinds: ['frozen'] }],
  },
  {
    name: 'gives-back-anothers',
    about: 'A push is given back although others were taken after it.',
    edits: [
      {
        file: SESSIONS,
        find: '(session) => session.q === taken.q && session.op === taken.op,',
        replace: '() => true,',
      },
    ],
    breaks: 'credit_bound',
    where: [{ scenario: 'late-writers' }],
  },
  {
    name: 'taken-twice',
    about: 'A push counts twice.',
    edits: [
      {
        file: SESSIONS,
        find: '(session) => ({ q: session.q + count, takeAt: now }),',
        replace: '(session) => ({ q: session.q + 2 * count, takeAt: now }),',
      },
    ],
    breaks: 'credit_bound',
    where: [{ scenario: 'one-shot' }],
  },
  {
    name: 'result-without-report',
    about: 'The report that comes with a result is not stored: its slot sleeps until the next heartbeat.',
    edits: [
      {
        file: FRAME,
        find: 'const { reported, found } = await reportAndTake(frame, ref, ended, won.length);',
        replace: 'return;\nconst { reported, found } = await reportAndTake(frame, ref, ended, won.length);',
      },
    ],
    breaks: 'on_time',
    where: [{ scenario: 'busy' }],
  },
  {
    name: 'drains-with-open-arms',
    about: 'A worker that drains goes on granting all its slots.',
    edits: [{ file: 'lib/worker/agent.ts', find: 'max: draining ? 0 : maxTasks', replace: 'max: maxTasks' }],
    breaks: 'credit_bound',
    where: [{ scenario: 'drain' }],
  },
  {
    name: 'gives-back-a-number',
    about:
      'A push is given back because the count stands where it did, although somebody wrote since: a repeat takes back what another took.',
    edits: [{ file: SESSIONS, find: ' && session.op === taken.op', replace: '' }],
    breaks: 'credit_bound',
    where: [
      { scenario: 'cancel-race', kinds: ['frozen'] },
      { scenario: 'backlog', kinds: ['frozen'] },
    ],
  },
];
