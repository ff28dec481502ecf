/** Who may say what on a worker's socket: rules X2 to X4. */
import type { Bug } from './bug.ts';

const ACCESS = 'lib/application/identity/frame-access.ts';
const END = 'lib/application/runs/end-attempt.ts';

export const ACCESS_BUGS: readonly Bug[] = [
  {
    name: 'pool-not-asked',
    about: 'The word of a worker changes a run of whatever pool.',
    edits: [
      {
        file: 'lib/adapters/memory/runs.ts',
        find: '(expect.pool === undefined || run.pool === expect.pool) &&',
        replace: '',
      },
    ],
    breaks: 'one_valid_attempt',
    where: [{ scenario: 'foreign-words' }],
  },
  {
    name: 'any-pool-succeeds',
    about: 'A success counts, whichever pool its worker is of.',
    edits: [
      {
        file: 'lib/domain/run-decisions.ts',
        find: "transition: 'succeed',\n    expect: { attempt, pool },",
        replace: "transition: 'succeed',\n    expect: { attempt },",
      },
    ],
    breaks: 'stale_refused',
    where: [{ scenario: 'foreign-words' }],
  },
  {
    name: 'any-pool-fails',
    about: 'A failure counts, whichever pool its worker is of.',
    edits: [
      { file: END, find: 'if (run?.pool !== pool || run.attempt !==', replace: 'if (run?.attempt !==' },
      {
        file: END,
        find: 'commitBadEnd(run, bad, keptOf(report, run), { pool });',
        replace: 'commitBadEnd(run, bad, keptOf(report, run), {});',
      },
    ],
    breaks: 'stale_refused',
    where: [{ scenario: 'foreign-words' }],
  },
  {
    name: 'any-pool-proves',
    about: 'A worker of another pool says that a cancelled run has ended, and is believed.',
    edits: [
      {
        file: END,
        find: 'run?.pool === pool && run.attempt === result.attempt',
        replace: 'run?.attempt === result.attempt',
      },
    ],
    breaks: 'evidence_true',
    where: [{ scenario: 'foreign-words' }],
  },
  {
    name: 'any-pool-spoken-for',
    about: 'A key of one pool is good for frames of every pool.',
    edits: [
      { file: ACCESS, find: 'scopes.includes(scope) && servesPool(pools, pool)', replace: 'scopes.includes(scope)' },
    ],
    breaks: 'session_kept',
    where: [{ scenario: 'foreign-words' }],
  },
  {
    name: 'key-read-once',
    about: 'A key is read when the socket opens, and never again.',
    edits: [
      {
        file: ACCESS,
        find: 'if (!SIGNS_OF_LIFE.has(frame.type) && asked.now < found.readAt + LOOK_LASTS_MS) {',
        replace: 'if (frame.type.length > 0) {',
      },
    ],
    breaks: 'key_heeded',
    where: [{ scenario: 'revoked' }],
  },
  {
    name: 'expelled-keeps-session',
    about: 'The socket of a worker that is expelled is closed, and its session goes on waiting for it.',
    edits: [
      {
        file: 'lib/application/sessions/reject-frame.ts',
        find: 'const lost = await sessions.lose(sessionRef({ settings }, pool, session));',
        replace: "const lost = await sessions.get(sessionRef({ settings }, pool, session), 'eventual');",
      },
    ],
    breaks: 'key_heeded',
    where: [{ scenario: 'revoked' }],
  },
  {
    name: 'anybody-connects',
    about: 'A worker whose key is revoked comes in again at once.',
    edits: [
      {
        file: 'lib/application/identity/authentication.ts',
        find: 'if (key === undefined || !takenHashes(key, at).some((hash) => isHashOf(hash, text))) {',
        replace:
          "if (key === undefined) {\n      return { kind: 'principal', principal: { kind: 'key', id: address.id, user: address.owner, credential: address.id, name: '', role: 'worker', scopes: ROLE_SCOPES.worker, pools: ['default'] } };\n    }\n    if (!takenHashes(key, at).some((hash) => isHashOf(hash, text))) {",
      },
      {
        file: ACCESS,
        find: "if (key === undefined) {\n    return 'the key was revoked';\n  }",
        replace: 'if (key === undefined) {\n    return undefined;\n  }',
      },
    ],
    breaks: 'key_heeded',
    where: [{ scenario: 'revoked' }],
  },
];
