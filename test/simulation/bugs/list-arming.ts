/** Arm, then commit: rule A1 at each place where a row becomes open. */
import type { Bug } from './bug.ts';

const CREATE = 'lib/application/runs/create-run.ts';

export const ARMING_BUGS: readonly Bug[] = [
  {
    name: 'create-then-arm',
    about: 'A new run is armed after its row was written.',
    edits: [
      {
        file: CREATE,
        find: "const nonce = await arm(ports, { kind: 'run', id: run.id }, run.g, run.wakeAt);",
        replace: '',
      },
      {
        file: CREATE,
        find: 'const created = await runs.create(run, nonce);',
        replace:
          "const created = await runs.create(run, ports.token());\nawait arm(ports, { kind: 'run', id: run.id }, run.g, run.wakeAt);",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'one-shot' }],
  },
  {
    name: 'retry-then-arm',
    about: 'The next try is armed after the row says that there will be one.',
    edits: [
      {
        file: 'lib/application/runs/end-attempt.ts',
        find: 'if (decision.arm !== undefined) {',
        replace: 'if (false) {',
      },
      {
        file: 'lib/application/runs/end-attempt.ts',
        find: "if (committed.kind === 'won') {\n        log.info(",
        replace:
          "if (committed.kind === 'won') {\n        if (decision.arm !== undefined) await arm(ports, { kind: 'run', id: run.id }, decision.arm.g, decision.arm.dueAt);\n        log.info(",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'retry' }],
  },
  {
    name: 'cancel-then-arm',
    about: 'The look for evidence is armed after the run was cancelled.',
    edits: [
      {
        file: 'lib/application/runs/cancel-run.ts',
        find: 'if (decision.arm !== undefined) {',
        replace: 'if (false) {',
      },
      {
        file: 'lib/application/runs/cancel-run.ts',
        find: 'await tools.sendCancel(committed.run);',
        replace:
          "await tools.sendCancel(committed.run);\nif (decision.arm !== undefined) await arm(ports, { kind: 'run', id }, decision.arm.g, decision.arm.dueAt);",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'cancel-at-once' }],
  },
  {
    name: 'claim-then-arm',
    about: 'A session that claims a run arms its watch after the claim.',
    edits: [
      {
        file: 'lib/application/dispatch/serve-session.ts',
        find: 'if (decision.arm !== undefined) {',
        replace: 'if (false) {',
      },
      {
        file: 'lib/application/dispatch/serve-session.ts',
        find: 'claimed.push(committed.run);',
        replace:
          "claimed.push(committed.run);\nif (decision.arm !== undefined) await arm(ports, { kind: 'run', id: entry.id }, decision.arm.g, decision.arm.dueAt);",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'backlog' }, { scenario: 'waiting' }],
  },
  {
    name: 'offer-then-arm',
    about: 'A run that finds a session arms its watch after the claim.',
    edits: [
      {
        file: 'lib/application/dispatch/offer-run.ts',
        find: 'if (decision.arm !== undefined) {',
        replace: 'if (false) {',
      },
      {
        file: 'lib/application/dispatch/offer-run.ts',
        find: 'await push(credit.session,',
        replace:
          "if (decision.arm !== undefined) await arm(ports, { kind: 'run', id: run.id }, decision.arm.g, decision.arm.dueAt);\nawait push(credit.session,",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'one-shot', kinds: ['stale_read'] }],
  },
  {
    name: 'undo-then-arm',
    about: 'A claim that met a dead socket is undone before the look at the waiting run is armed.',
    edits: [
      { file: 'lib/application/dispatch/push.ts', find: 'if (decision.arm !== undefined) {', replace: 'if (false) {' },
      {
        file: 'lib/application/dispatch/push.ts',
        find: 'await runs.commit(decision.change);',
        replace:
          "await runs.commit(decision.change);\nif (decision.arm !== undefined) await arm(ports, { kind: 'run', id: run.id }, decision.arm.g, decision.arm.dueAt);",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'one-shot', kinds: ['post_gone'] }],
  },
  {
    name: 'hello-then-arm',
    about: 'A session is armed after its row was written.',
    edits: [
      {
        file: 'lib/application/sessions/open-session.ts',
        find: "const nonce = await arm(ports, { kind: 'session', ...ref }, session.g, lossAt(session));",
        replace: '',
      },
      {
        file: 'lib/application/sessions/open-session.ts',
        find: 'const created = await sessions.create(session, nonce);',
        replace:
          "const created = await sessions.create(session, ports.token());\nawait arm(ports, { kind: 'session', ...ref }, session.g, lossAt(session));",
      },
    ],
    breaks: 'armed',
    where: [{ scenario: 'one-shot' }],
  },
];
