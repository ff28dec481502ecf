/**
 * An attacker on logins, who counts what bcrypt has to do: the stack is in this process, over real HTTP, and bcrypt at its
 * cheapest, so that the limits of an address can be reached.
 */
import { beforeAll, describe, expect, vi } from 'vitest';
import { LOGIN_LIMIT } from '../../lib/domain/identity/login.ts';
import { type Answer, said } from '../support/attacker-requests.ts';
import { createAttack } from '../support/attacker-story.ts';
import type { Attacker, Person } from '../support/attacker-world.ts';

const bcrypt = vi.hoisted(() => ({ runs: 0 }));

vi.mock('bcryptjs', async (load) => {
  const real = await load<typeof import('bcryptjs')>();
  const counted = <A extends readonly unknown[], R>(work: (...given: A) => R) => {
    return (...given: A): R => {
      bcrypt.runs += 1;
      return work(...given);
    };
  };
  return { ...real, compare: counted((text: string, hash: string) => real.compare(text, hash)) };
});
vi.mock('../../lib/adapters/passwords/bcrypt.ts', async (load) => {
  const real = await load<typeof import('../../lib/adapters/passwords/bcrypt.ts')>();
  return { createBcryptPasswords: () => real.createBcryptPasswords({ cost: 4 }) };
});

const { stack, story, epilogue } = createAttack('memory');

type Login = { readonly name: string; readonly password: string; readonly from?: string };
const logIn = (who: Pick<Attacker, 'send'>, { name, password, from }: Login): Promise<Answer> =>
  who.send('POST /api/auth/login', {
    body: { username: name, password },
    headers: from === undefined ? [] : [['X-Forwarded-For', from]],
  });

/** What an answer tells, and what it cost to make. */
const weigh = async (call: () => Promise<Answer>): Promise<string> => {
  const before = bcrypt.runs;
  const answer = await call();
  return `${said(answer).replace(/\d+ 秒/, '')}, bcrypt ran ${bcrypt.runs - before} times`;
};

describe('who asks which users there are', () => {
  const people: Person[] = [];
  const add = async (name: string): Promise<Person> => {
    const person = await stack().addUser(name);
    people.push(person);
    return person;
  };
  beforeAll(async () => {
    const { home, app } = stack();
    await add('by.name');
    await add('by.mail');
    const disabled = await add('disabled');
    const deleted = await add('deleted');
    const as = app.stack.adminKey;
    await home.send(`PUT /api/users/${disabled.id}`, { as, body: { status: 0 } });
    await home.send(`DELETE /api/users/${deleted.id}`, { as });
  });

  story(
    'is answered alike for all names, with the same work',
    ['login.failed user:', 'login.limited user:'],
    async (attacker) => {
      const [byName, byMail, disabled, deleted] = people;
      const names = {
        'a name': byName?.username,
        'an e-mail': byMail?.email,
        'the other name of one who is limited': byName?.email,
        'a name in capitals that was tried already': byMail?.username.toUpperCase(),
        'a disabled user': disabled?.username,
        'a deleted user': deleted?.username,
        'nobody’s name': 'nobody',
        'nobody’s e-mail': 'nobody@example.org',
        'what no user can be called': 'no body\u0007',
      };
      const wrong = '401 用户名或密码错误, bcrypt ran 1 times';
      const limited = '429 尝试次数过多: 请在 后重试, bcrypt ran 0 times';
      const expected = [...Array.from({ length: LOGIN_LIMIT.account }, () => wrong), limited, limited];
      for (const [at, [kind, name = '']] of Object.entries(names).entries()) {
        // From an address each, so that the limit of an address plays no part.
        const from = at === 0 ? attacker : stack().at(`127.0.0.${20 + at}`);
        const told: string[] = [];
        for (let n = 0; n < expected.length; n += 1) {
          told.push(await weigh(() => logIn(from, { name, password: `a guess, number ${n}` })));
        }
        expect([kind, told]).toEqual([kind, expected]);
      }
    },
  );
});

describe('who tries many names', () => {
  const TRIES = LOGIN_LIMIT.address;
  let carol: Person | undefined;
  beforeAll(async () => {
    carol = await stack().addUser('carol');
  });

  story(
    'is limited by the address that the socket comes from',
    ['login.failed user:', 'login.limited user:'],
    async (attacker) => {
      const { username: name = '', password = '' } = carol ?? {};
      const before = bcrypt.runs;
      const told: string[] = [];
      for (let n = 0; n < TRIES + 10; n += 1) {
        const from = `198.51.100.${n}`;
        told.push(said(await logIn(attacker, { name: `name.${n}`, password: 'the same guess', from })).slice(0, 3));
      }
      expect(told.filter((status) => status === '401')).toHaveLength(TRIES);
      expect(told.slice(TRIES)).toEqual(Array.from({ length: 10 }, () => '429'));
      expect(bcrypt.runs - before).toBe(TRIES);
      // The right password as little as any; from elsewhere its owner gets in.
      expect((await logIn(attacker, { name, password })).status).toBe(429);
      expect((await logIn(stack().home, { name, password })).status).toBe(200);
      const entries = (await stack().audit()).filter(({ address }) => address === attacker.address);
      expect(entries.filter(({ action }) => action === 'login.failed')).toHaveLength(TRIES);
      expect(entries.filter(({ action }) => action === 'login.limited')).toHaveLength(1);
    },
  );

  story('at once, gets no more of them', ['login.failed user:', 'login.limited user:'], async (attacker) => {
    const { username: name = '', password = '' } = carol ?? {};
    const before = bcrypt.runs;
    const statuses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const guesses = Array.from({ length: 20 }, (_, n) => ({ name, password: `guess ${n} of round ${round}` }));
      const answers = await Promise.all(guesses.map((guess) => logIn(attacker, guess)));
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(LOGIN_LIMIT.account);
    expect(bcrypt.runs - before).toBe(LOGIN_LIMIT.account);
    expect(statuses.filter((status) => ![401, 429, 503].includes(status))).toEqual([]);
    expect((await logIn(attacker, { name, password })).status).toBe(429);
  });
});

epilogue();
