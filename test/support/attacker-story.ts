/** Stories of an attack: each from an address of its own, of which nothing remains but its trace in the audit log. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditAction } from '../../lib/domain/identity/audit.ts';
import {
  type AttackedStack,
  type Attacker,
  type Key,
  type Person,
  startAttackedStack,
  type Tokens,
} from './attacker-world.ts';

/** The attacker's own account, with all that a user may have. */
export type Mallory = Person & { readonly tokens: Tokens; readonly key: Key };

/** What an entry says, or how it begins: `access.refused operation:getUser`. */
type Trace = `${AuditAction} ${string}`;

/**
 * @param traces what the audit log must say of the attacker's address; of a success it may tell only what is named here
 */
type Story = (title: string, traces: readonly Trace[], tell: (attacker: Attacker) => Promise<void>) => void;

export type Attack = {
  readonly stack: () => AttackedStack;
  readonly mallory: () => Mallory;
  readonly story: Story;
  /** Told last: the audit log is whole, and no log holds a secret. */
  readonly epilogue: () => void;
};

/** Entries that tell of somebody who got nothing. */
const TURNED_AWAY: ReadonlySet<AuditAction> = new Set([
  'login.failed',
  'login.limited',
  'login.refresh_reused',
  'access.refused',
  'worker.refused',
  'worker.expelled',
]);

const START_WITHIN_MS = 90_000;
const TOLD_WITHIN_MS = 60_000;
/** Below it are those that stories choose themselves. */
const FIRST_ADDRESS = 101;

const isFormed = (line: string): boolean => {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'message' in entry && 'source' in entry;
  } catch {
    return false;
  }
};

/** Starts a stack for the stories of a file, and stops it after them. */
export const createAttack = (engine: 'aws' | 'memory'): Attack => {
  let running: AttackedStack | undefined;
  let made: Mallory | undefined;
  let stories = 0;

  const stack = (): AttackedStack => {
    if (!running) {
      throw new Error('The stack did not start');
    }
    return running;
  };

  beforeAll(async () => {
    running = await startAttackedStack(engine);
    const person = await running.addUser('mallory');
    const tokens = await running.logIn(person);
    made = { ...person, tokens, key: await running.addKey(tokens.access, { name: 'all that she may' }) };
  }, START_WITHIN_MS);

  afterAll(() => running?.stop(), TOLD_WITHIN_MS);

  return {
    stack,
    mallory: () => {
      if (!made) {
        throw new Error('Mallory is not there');
      }
      return made;
    },

    story: (title, traces, tell) => {
      const address = `127.0.0.${FIRST_ADDRESS + stories}`;
      stories += 1;
      it(title, { timeout: TOLD_WITHIN_MS }, async () => {
        const { at, audit, state } = stack();
        const before = await state();
        const since = (await audit()).length;
        await tell(at(address));
        expect(await state()).toEqual(before);

        const left = (await audit(since)).filter((entry) => entry.address === address);
        const said = left.map(({ action, entity }) => `${action} ${entity}`);
        const missing = traces.filter((trace) => !said.some((entry) => entry.startsWith(trace)));
        expect(missing, `what the log says of ${address}: ${said.join(', ')}`).toEqual([]);
        const told = new Set(traces.map((trace) => trace.split(' ')[0]));
        expect(left.filter(({ action }) => !TURNED_AWAY.has(action) && !told.has(action))).toEqual([]);
      });
    },

    epilogue: () => {
      it('leaves a whole audit log, and nothing secret in any log', async () => {
        const { app, audit, secrets, verifyAudit } = stack();
        const entries = await audit();
        expect(await verifyAudit()).toMatchObject({ kind: 'whole', entries: entries.length });

        const log = app.log();
        const lines = log.split('\n').filter((line) => line !== '');
        expect(lines.length).toBeGreaterThan(10);
        expect(lines.filter((line) => !isFormed(line))).toEqual([]);
        expect(secrets.size).toBeGreaterThan(5);
        const kept = `${log}\n${JSON.stringify(entries)}`;
        expect([...secrets].filter((secret) => kept.includes(secret))).toEqual([]);
      });
    },
  };
};
