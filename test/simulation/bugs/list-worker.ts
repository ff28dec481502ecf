/** The worker: rules K1 to K5, S1, S2. */
import type { Bug } from './bug.ts';

const AGENT = 'lib/worker/agent.ts';
const SLOTS = 'lib/worker/slots.ts';
const OUTBOX = 'lib/worker/outbox.ts';

export const WORKER_BUGS: readonly Bug[] = [
  {
    name: 'forgets-what-ended',
    hole: 'H19',
    about: 'A worker forgets the attempts that it has finished, and begins a redelivery of one.',
    edits: [
      {
        file: AGENT,
        find: '    if (known !== undefined) {\n      outbox.resend(known);\n      return;\n    }\n    session.receive',
        replace: '    session.receive',
      },
    ],
    breaks: 'executed_once',
    where: [{ scenario: 'one-shot', kinds: ['frame_lost', 'post_doubled'] }],
  },
  {
    name: 'restart-resumes',
    hole: 'H20',
    about: 'A restarted worker goes on under the session of its predecessor, which it kept on disk.',
    edits: [
      {
        file: AGENT,
        find: 'export function createAgent(params: AgentParams): Agent {',
        replace:
          '/** Stands for a file: what a fleet shares is its source of chance. */\nconst disk = new WeakMap<object, Map<string, { id: string; lives: number }>>();\nexport function createAgent(params: AgentParams): Agent {\n  const files = disk.get(params.random) ?? new Map<string, { id: string; lives: number }>();\n  disk.set(params.random, files);\n  const kept = files.get(params.identity.name) ?? { id: params.makeSessionId(), lives: 0 };\n  files.set(params.identity.name, { id: kept.id, lives: kept.lives + 1 });',
      },
      {
        file: AGENT,
        find: 'let session: Session = createSession(identity, clock, params.makeSessionId(), undefined);',
        replace:
          'let session: Session = createSession(identity, clock, kept.id, undefined);\n  for (let used = 0; used < 100 * kept.lives; used += 1) session.resume({ max: 0, inFlight: 0 }, []);\n  session.welcomed = kept.lives > 0;',
      },
      {
        file: AGENT,
        find: 'let reportedAt = Number.NEGATIVE_INFINITY;',
        replace: 'let reportedAt = kept.lives > 0 ? clock.monotonicMs() : Number.NEGATIVE_INFINITY;',
      },
    ],
    breaks: 'executed_once',
    where: [{ scenario: 'worker-lost', kinds: ['worker_died'] }],
  },
  {
    name: 'no-tombstones',
    hole: 'H21',
    about: 'A cancel that came before its run is forgotten.',
    edits: [{ file: AGENT, find: 'if (memory.isBuried(ref)) slots.cancel(ref, 0);', replace: '' }],
    breaks: 'cancel_heeded',
    where: [{ scenario: 'cancel-at-once', kinds: ['post_delayed'], seeds: [1, 2] }],
  },
  {
    name: 'wakes-and-starts',
    hole: 'H22',
    about: 'A worker that slept through its loss starts what lies in its buffer.',
    edits: [{ file: AGENT, find: 'noticeSleep();\n      return confirmed &&', replace: 'return true ||' }],
    breaks: 'sleeper_waits',
    where: [{ scenario: 'nonsense', kinds: ['worker_paused'] }],
  },
  {
    name: 'begins-early',
    about: 'A worker begins a run when it comes, not at its instant.',
    edits: [
      { file: SLOTS, find: 'atServerTime(entry.order.notBefore,', replace: 'atServerTime(0,' },
      { file: SLOTS, find: 'serverClock.nowMs() < next.entry.order.notBefore', replace: 'serverClock.nowMs() < 0' },
    ],
    breaks: 'never_early',
    where: [{ scenario: 'ahead' }],
  },
  {
    name: 'results-not-on-disk',
    about: 'A worker keeps its unsent results in memory only.',
    edits: [{ file: OUTBOX, find: 'spool.write(result);', replace: '' }],
    breaks: 'result_kept',
    where: [{ scenario: 'offline-end' }],
  },
  {
    name: 'disk-not-read',
    about: 'A worker that starts does not send the results that its predecessor left on disk.',
    edits: [
      {
        file: AGENT,
        find: 'for (const result of params.spool.read()) {',
        replace: 'for (const result of [] as ReturnType<typeof params.spool.read>) {',
      },
    ],
    breaks: 'result_kept',
    where: [{ scenario: 'offline-end' }],
  },
  {
    name: 'redelivery-unanswered',
    about: 'A worker ignores a redelivery of what it has finished, although its result may be lost.',
    edits: [
      {
        file: AGENT,
        find: '    if (known !== undefined) {\n      outbox.resend(known);\n      return;\n    }\n    session.receive',
        replace: '    if (known !== undefined) return;\n    session.receive',
      },
    ],
    breaks: 'executed_once',
    where: [{ scenario: 'long-run', kinds: ['frame_lost'] }],
  },
  {
    name: 'lists-nothing',
    about: 'The list of a heartbeat leaves out what the worker holds.',
    edits: [
      {
        file: SLOTS,
        find: '[...entries.values()].filter(({ abandoned }) => !abandoned)',
        replace: '[...entries.values()].filter(({ abandoned }) => abandoned)',
      },
    ],
    breaks: 'cost_bounded',
    where: [{ scenario: 'long-run' }],
  },
  {
    name: 'adopts-anything',
    about: 'A new session adopts every run that its worker names, whoever holds it.',
    edits: [
      {
        file: 'lib/domain/run-decisions.ts',
        find: 'expect: { attempt, pool: to.pool, session: from },',
        replace: 'expect: {},',
      },
    ],
    breaks: 'one_valid_attempt',
    where: [{ scenario: 'too-late' }],
  },
  {
    name: 'sleeps-before-welcome',
    hole: 'H35',
    about: 'A worker that slept between its hello and the welcome takes the session for its own.',
    edits: [
      {
        file: AGENT,
        find: '!sleepWatch.sleptTooLong() || !introduced',
        replace: '!sleepWatch.sleptTooLong() || !session.welcomed',
      },
    ],
    breaks: 'sleeper_waits',
    where: [{ scenario: 'waiting', kinds: ['worker_paused'] }],
  },
  {
    name: 'any-answer-will-do',
    hole: 'H36',
    about: 'A worker that slept takes the answer to an earlier greeting for the one that it asked for.',
    edits: [{ file: AGENT, find: ' || asked.epoch !== epochOf(frame)', replace: '' }],
    breaks: 'sleeper_waits',
    where: [{ scenario: 'sleeper', pairs: { of: ['frame_doubled', 'worker_paused'], first: 4 }, seeds: [1, 3, 2] }],
  },
  {
    name: 'short-memory',
    hole: 'H37',
    about: 'A worker remembers what it has finished for less time than a redelivery may take.',
    edits: [
      {
        file: 'lib/domain/timing.ts',
        find: 'RESULT_MEMORY_MS = 60 * 60_000',
        replace: 'RESULT_MEMORY_MS = 10 * 60_000',
      },
    ],
    breaks: 'executed_once',
    where: [{ scenario: 'late-question' }],
  },
  {
    name: 'due-by-a-wrong-clock',
    hole: 'H38',
    about:
      'A run that fell due by a wrong clock begins when the worker may start again, although the clock is right by then.',
    edits: [
      { file: SLOTS, find: 'serverClock.nowMs() < next.entry.order.notBefore', replace: 'serverClock.nowMs() < 0' },
    ],
    breaks: 'never_early',
    where: [{ scenario: 'clock-jump', seeds: [1, 2, 3] }],
  },
];
