/** An attacker on passwords, tokens and keys of the whole stack, over real HTTP. */
import { beforeAll, describe, expect } from 'vitest';
import * as z from 'zod';
import { parseKeyText } from '../../lib/domain/identity/api-key.ts';
import { credentialsOfAnotherStage, type Forgery, forgeKeys, forgeTokens } from '../support/attacker-forgeries.ts';
import { type Answer, said } from '../support/attacker-requests.ts';
import { createAttack } from '../support/attacker-story.ts';
import { type Attacker, type Key, type Person, type Tokens, tokensIn } from '../support/attacker-world.ts';

const { stack, mallory, story, epilogue } = createAttack('aws');

type Client = Pick<Attacker, 'send'>;
const profile = (who: Client, as: string): Promise<Answer> => who.send('GET /api/auth/profile', { as });
const refresh = (who: Client, refresh_token: string): Promise<Answer> =>
  who.send('POST /api/auth/refresh', { body: { refresh_token } });

const statusesOf = (answers: readonly Answer[]): readonly number[] => answers.map(({ status }) => status);

/** Calls with one credential, one after the other. @returns each with its status, for a readable difference */
const tryAll = async (
  who: Client,
  as: string,
  calls: readonly (readonly [line: string, body?: object])[],
): Promise<readonly string[]> => {
  const tried: string[] = [];
  for (const [line, body] of calls) {
    tried.push(`${(await who.send(line, { as, body })).status} ${line} ${JSON.stringify(body)}`);
  }
  return tried;
};
const allSay = (status: number, tried: readonly string[]): void =>
  expect(tried.filter((one) => !one.startsWith(`${status} `))).toEqual([]);

describe('who guesses a password', () => {
  let bert: Person | undefined;
  beforeAll(async () => {
    bert = await stack().addUser('bert');
  });

  story('gets five tries in all', ['login.failed user:', 'login.limited user:'], async (attacker) => {
    const { username = '', email = '', password = '', id = '' } = bert ?? {};
    const [second, third] = [stack().at('127.0.0.11'), stack().at('127.0.0.12')];
    const guess = (from: Client, name: string, word: string, forwarded: string) => {
      const headers = [['X-Forwarded-For', forwarded] as const];
      return from.send('POST /api/auth/login', { body: { username: name, password: word }, headers });
    };
    const first = await guess(attacker, username, 'guess number 0', '192.0.2.1');
    const atOnce = await Promise.all(
      Array.from({ length: 12 }, (_, n) => guess(n % 2 ? attacker : second, username, `guess ${n}`, `192.0.2.${n}`)),
    );
    expect(statusesOf(atOnce).filter((status) => ![401, 429, 503].includes(status))).toEqual([]);
    const inTurn: Answer[] = [];
    for (let n = 0; n < 5; n += 1) {
      inTurn.push(await guess(attacker, username, `guess ${n} in turn`, `198.51.100.${n}`));
    }
    expect(inTurn.at(-1)?.status).toBe(429);
    expect(statusesOf([first, ...atOnce, ...inTurn]).filter((status) => status === 401)).toHaveLength(5);
    // The right one at last, and from an address that has tried nothing yet.
    const limited = await guess(third, username, password, '203.0.113.1');
    expect(limited.status).toBe(429);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    // Under the account's other name it helps no more; nor does the answer tell that both are one.
    expect(said(await guess(attacker, email, 'a guess by e-mail', '203.0.113.2'))).toBe('401 用户名或密码错误');
    expect(said(await guess(attacker, email, password, '203.0.113.3'))).toBe('401 用户名或密码错误');

    const entries = await stack().audit();
    const compared = entries.filter(({ entity, detail }) => entity === `user:${id}` && detail === 'wrong password');
    expect(compared).toHaveLength(5);
    const limits = entries.filter(({ action }) => action === 'login.limited').map(({ address }) => address);
    expect(limits).toEqual(expect.arrayContaining([attacker.address, third.address]));
  });
});

describe('who has stolen tokens', () => {
  let alice: Person | undefined;
  beforeAll(async () => {
    alice = await stack().addUser('alice');
  });
  const victim = (): Person => {
    if (!alice) {
      throw new Error('Alice is not there');
    }
    return alice;
  };
  const expectOver = async (attacker: Attacker, tokens: Tokens): Promise<void> => {
    const answers = [await profile(attacker, tokens.access), await refresh(attacker, tokens.refresh)];
    expect(statusesOf(answers)).toEqual([401, 401]);
  };

  story('uses a spent refresh token: the login of both ends', ['login.refresh_reused user:'], async (attacker) => {
    const { home, logIn } = stack();
    const stolen = await logIn(victim());
    const owned = tokensIn(await refresh(home, stolen.refresh));
    expect((await profile(home, owned.access)).status).toBe(200);
    expect((await refresh(attacker, stolen.refresh)).status).toBe(401);
    await expectOver(attacker, stolen);
    await expectOver(attacker, owned);
  });

  story('refreshes first: it ends when the owner refreshes', ['login.refreshed user:'], async (attacker) => {
    const { home, logIn, audit } = stack();
    const stolen = await logIn(victim());
    const gained = tokensIn(await refresh(attacker, stolen.refresh));
    const since = (await audit()).length;
    expect((await refresh(home, stolen.refresh)).status).toBe(401);
    expect((await audit(since)).map(({ action }) => action)).toContain('login.refresh_reused');
    await expectOver(attacker, gained);
    await expectOver(attacker, stolen);
  });

  story(
    'refreshes three times in one moment: it ends at once',
    ['login.refreshed user:', 'login.refresh_reused user:'],
    async (attacker) => {
      const stolen = await stack().logIn(victim());
      const answers = await Promise.all([1, 2, 3].map(() => refresh(attacker, stolen.refresh)));
      const gained = answers.filter(({ status }) => status === 200).map(tokensIn);
      expect(gained).toHaveLength(1);
      for (const tokens of [stolen, ...gained]) {
        await expectOver(attacker, tokens);
      }
    },
  );

  story(
    'has nothing from the moment at which the login ends',
    ['access.refused operation:getProfile', 'access.refused operation:refreshTokens'],
    async (attacker) => {
      const { home, logIn, app } = stack();
      const { id, password } = victim();
      const loggedOut = await logIn(victim());
      expect((await profile(attacker, loggedOut.access)).status).toBe(200);
      expect((await home.send('POST /api/auth/logout', { as: loggedOut.access })).status).toBe(200);
      await expectOver(attacker, loggedOut);

      const disabled = await logIn(victim());
      for (const status of [0, 1]) {
        const change = await home.send(`PUT /api/users/${id}`, { as: app.stack.adminKey, body: { status } });
        expect(change.status).toBe(200);
        await expectOver(attacker, disabled);
      }

      const outdated = await logIn(victim());
      const body = { old_password: password, new_password: 'another password of alice' };
      expect((await home.send(`PUT /api/users/${id}/password`, { as: outdated.access, body })).status).toBe(200);
      await expectOver(attacker, outdated);
    },
  );
});

describe('who forges', () => {
  const expectWorthless = async (attacker: Attacker, credentials: readonly Forgery[]): Promise<void> => {
    expect(credentials.length).toBeGreaterThan(0);
    const answers = credentials.map(async ({ name, text }) => {
      const [listed, shown] = [await attacker.send('GET /api/users', { as: text }), await profile(attacker, text)];
      return { name, statuses: statusesOf([listed, shown]) };
    });
    expect(await Promise.all(answers)).toEqual(credentials.map(({ name }) => ({ name, statuses: [401, 401] })));
  };

  const publicKey = async (attacker: Attacker) => {
    const { text } = await attacker.send('GET /.well-known/jwks.json');
    const jwk = z.object({ kid: z.string(), kty: z.string(), crv: z.string(), x: z.string(), y: z.string() }).loose();
    return z.object({ keys: z.tuple([jwk]) }).parse(JSON.parse(text)).keys[0];
  };

  story('an access token, is nobody', ['access.refused operation:'], async (attacker) => {
    const { access, refresh: spare } = mallory().tokens;
    await expectWorthless(attacker, forgeTokens(access, await publicKey(attacker), stack().admin.id));
    await expectWorthless(attacker, [{ name: 'a refresh token', text: spare }]);
    expect((await profile(attacker, access)).status).toBe(200);
  });

  story('a refresh token, gets nothing for it', ['access.refused operation:refreshTokens'], async (attacker) => {
    const { access, refresh: spare } = mallory().tokens;
    const forgeries = [
      ...forgeTokens(spare, await publicKey(attacker), stack().admin.id),
      { name: 'an access token', text: access },
      { name: 'an API key', text: mallory().key.key },
    ];
    const answers = forgeries.map(async ({ name, text }) => ({ name, status: (await refresh(attacker, text)).status }));
    expect(await Promise.all(answers)).toEqual(forgeries.map(({ name }) => ({ name, status: 401 })));
    // The login of the one true token among them is as it was.
    expect((await profile(attacker, access)).status).toBe(200);
  });

  story(
    'an API key, or brings what another stage takes, is nobody',
    ['access.refused operation:'],
    async (attacker) => {
      const adminPrefix = stack().app.stack.adminKey.split('_').slice(0, 3).join('_');
      await expectWorthless(attacker, forgeKeys(mallory().key.key, adminPrefix));
      await expectWorthless(attacker, await credentialsOfAnotherStage());
      expect((await profile(attacker, mallory().key.key)).status).toBe(200);
    },
  );
});

describe('who climbs', () => {
  const eve = { username: 'eve', email: 'eve@example.org', password: 'the password of eve', role: 'admin' };
  let small: Key | undefined;
  beforeAll(async () => {
    const key = { name: 'small', scopes: ['keys:write', 'runs:read'], expires_in_days: 2 };
    small = await stack().addKey(mallory().tokens.access, key);
  });

  story(
    'by a key of their own, gets no better one and none of others',
    [
      'access.refused operation:createApiKey',
      'access.refused operation:updateUser',
      'access.refused operation:listAudit',
    ],
    async (attacker) => {
      const { admin, app } = stack();
      const { id, key, password } = mallory();
      const adminKey = parseKeyText(app.stack.adminKey)?.id;
      const make = (wanted: object) =>
        ['POST /api/auth/api-keys', { name: 'better', scopes: ['runs:read'], expires_in_days: 1, ...wanted }] as const;
      const tried = await tryAll(attacker, small?.key ?? '', [
        make({ role: 'admin' }),
        make({ role: 'admin', scopes: undefined }),
        make({ scopes: ['users:admin'] }),
        make({ scopes: ['runs:*'] }),
        make({ role: 'worker', scopes: undefined, pools: ['*'] }),
        make({ expires_in_days: 3 }),
        make({ expires_in_days: undefined }),
        make({ user_id: Number(admin.id) }),
        [`POST /api/auth/api-keys/${key.id}/roll`, {}],
        [`POST /api/auth/api-keys/${adminKey}/roll?user_id=${admin.id}`, { overlap_minutes: 1 }],
        [`DELETE /api/auth/api-keys/${adminKey}?user_id=${admin.id}`],
        [`PUT /api/users/${id}`, { role: 'admin' }],
        [`PUT /api/users/${id}/password`, { old_password: password, new_password: 'a new one' }],
        ['POST /api/users', eve],
        ['GET /api/audit'],
        ['POST /api/auth/logout'],
      ]);
      allSay(403, tried);
      const unknown = await tryAll(attacker, small?.key ?? '', [
        [`POST /api/auth/api-keys/${adminKey}/roll`, {}],
        [`DELETE /api/auth/api-keys/${adminKey}`],
      ]);
      allSay(404, unknown);
    },
  );

  story(
    'by an admin’s key for users alone, makes no admin and removes not the last one',
    ['access.refused operation:updateUser', 'access.refused operation:createApiKey'],
    async (attacker) => {
      const { admin, adminToken, addKey, home } = stack();
      const stolen = await addKey(adminToken, { name: 'stolen', role: 'admin', scopes: ['users:admin'] });
      const tried = await tryAll(attacker, stolen.key, [
        [`PUT /api/users/${mallory().id}`, { role: 'admin' }],
        ['POST /api/users', eve],
        ['POST /api/auth/api-keys', { name: 'better', role: 'admin' }],
        [`POST /api/auth/api-keys/${stolen.id}/roll`, {}],
        [`PUT /api/users/${admin.id}/password`, { old_password: 'no idea', new_password: 'a new one' }],
      ]);
      allSay(403, tried);
      const last = await tryAll(attacker, stolen.key, [
        [`PUT /api/users/${admin.id}`, { role: 'user' }],
        [`PUT /api/users/${admin.id}`, { status: 0 }],
        [`DELETE /api/users/${admin.id}`],
      ]);
      allSay(400, last);
      expect((await home.send(`DELETE /api/auth/api-keys/${stolen.id}`, { as: adminToken })).status).toBe(200);
    },
  );

  story(
    'by the id of another user, learns not even whether there is one',
    [
      'access.refused operation:getUser',
      'access.refused operation:changePassword',
      'access.refused operation:listApiKeys',
    ],
    async (attacker) => {
      const { admin } = stack();
      const { id: own, tokens, password } = mallory();
      const answersFor = async (id: string): Promise<readonly string[]> => {
        const body = { old_password: password, new_password: 'a new one' };
        const calls: readonly (readonly [string, object?])[] = [
          [`GET /api/users/${id}`],
          [`DELETE /api/users/${id}`],
          [`PUT /api/users/${id}`, { email: 'mallory@example.com' }],
          [`PUT /api/users/${id}/password`, body],
          [`GET /api/auth/api-keys?user_id=${id}`],
          [`DELETE /api/auth/api-keys/1?user_id=${id}`],
        ];
        return Promise.all(
          calls.map(async ([line, sent]) => said(await attacker.send(line, { as: tokens.access, body: sent }))),
        );
      };
      const answers = await answersFor(admin.id);
      allSay(403, answers);
      expect(await answersFor(String(Number(admin.id) + 1))).toEqual(answers);
      expect((await attacker.send('GET /api/users', { as: tokens.access })).status).toBe(403);
      expect((await attacker.send(`GET /api/users/${own}`, { as: tokens.access })).status).toBe(200);
    },
  );
});

epilogue();
