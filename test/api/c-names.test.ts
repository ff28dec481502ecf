/** API C: which names, addresses and passwords are taken, and when two of them are the same. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type CAnswer, type CWorld, createCWorld, PASSWORD } from './c-world.ts';

let world: CWorld;
let admin = '';
let made = 0;

beforeEach(async () => {
  world = createCWorld();
  admin = await world.loginAdmin();
  made = 0;
});

const create = (over: object): Promise<CAnswer> => {
  made += 1;
  const body = { username: `user${made}`, email: `user${made}@example.com`, password: PASSWORD, role: 'user', ...over };
  return world.as(admin, 'POST /api/users', { body });
};
const expectRefusal = async (over: object, change: string): Promise<void> => {
  const { status, body } = await create(over);
  expect([over, status, body.message]).toEqual([over, 400, `请求参数错误: ${change}`]);
  expect(body).not.toHaveProperty('data');
};
const created = async (over: object): Promise<{ readonly username: string; readonly email: string }> => {
  const { status, body } = await create(over);
  expect([over, status]).toEqual([over, 201]);
  return body.data as { username: string; email: string };
};
const CHARACTERS = 'username 只能包含字母、数字和 . _ -，邮箱地址请填入 email';
const TAKEN = '用户名已存在';

describe('a user name', () => {
  it.each(['a', 'A.b_c-9', 'пользователь', '用户', 'ユーザー', 'مستخدم', 'उपयोगकर्ता', 'josé'])(
    'may be %s',
    async (username) => {
      expect((await created({ username })).username).toBe(username.normalize('NFKC'));
    },
  );

  it.each([
    ' ',
    'two words',
    ' admin2',
    'admin2\n',
    'a\tb',
    'nul\u0000',
    'zero\u200bwidth',
    'right\u202eleft',
    'soft\u00adhyphen',
    'a\ufe0f',
    'ㅤ',
    '\u0301a',
    'a/b',
    'a<b>',
    "a'b",
    '😀',
    'half\ud800',
    '\ufdfa',
  ])('may not be %j', (username) => expectRefusal({ username }, CHARACTERS));

  it.each(['user@example.com', '@', 'a＠b', 'a﹫b'])('holds no @, in whatever form: %s', (username) =>
    expectRefusal({ username }, CHARACTERS),
  );

  it.each(['аdmin', 'pаypal', 'αdmin', 'Ꭰadmin'])('mixes no scripts that read alike: %s', (username) =>
    expectRefusal({ username }, 'username 不能混用不同文字的字母'),
  );

  it('has at most 50 characters, counted after NFKC', async () => {
    await created({ username: 'x'.repeat(50) });
    await expectRefusal({ username: 'y'.repeat(51) }, 'username 不能超过 50 个字符');
    // One character that is two after NFKC, two that are one, and one outside the first plane.
    await created({ username: 'ﬁ'.repeat(25) });
    await expectRefusal({ username: `${'ﬂ'.repeat(25)}x` }, 'username 不能超过 50 个字符');
    await created({ username: 'e\u0301'.repeat(50) });
    await created({ username: '𠀀'.repeat(50) });
    await expectRefusal({ username: '𠀁'.repeat(51) }, 'username 不能超过 50 个字符');
  });

  it('is kept and shown after NFKC', async () => {
    expect(await created({ username: 'ﬁnn' })).toMatchObject({ username: 'finn' });
    expect(await created({ username: 'ｊｏｈｎ' })).toMatchObject({ username: 'john' });
    expect(await created({ username: 'm²' })).toMatchObject({ username: 'm2' });
  });

  it.each([
    ['finn', 'ﬁnn'],
    ['john', 'ｊｏｈｎ'],
    ['john', 'JOHN'],
    ['jose\u0301', 'josé'],
    ['cop', 'сор'],
    ['CAT', 'САТ'],
    ['straße', 'STRASSE'],
    ['paypal', 'раураӏ'],
  ])('%s is the same as %s', async (first, second) => {
    await created({ username: first });
    await expectRefusal({ username: second }, TAKEN);
    const { body } = await create({});
    const id = (body.data as { id: number }).id;
    const renamed = await world.as(admin, `PUT /api/users/${id}`, { body: { username: second } });
    expect([renamed.status, renamed.body.message]).toEqual([400, `请求参数错误: ${TAKEN}`]);
  });

  it('logs in in every form of it that NFKC and case make one, and in no look-alike', async () => {
    await created({ username: 'ﬁnn' });
    for (const username of ['finn', 'ﬁnn', 'ＦＩＮＮ']) {
      await world.login(username, PASSWORD);
    }
    await created({ username: 'cop' });
    const { status } = await world.send('POST /api/auth/login', { body: { username: 'сор', password: PASSWORD } });
    expect(status).toBe(401);
  });
});

describe('an e-mail address', () => {
  it.each([
    'a@b.cc',
    'first.last+tag@example.co.uk',
    "o'brien!#$%&*=?^_`{|}~-/@example.com",
    'пользователь@пример.рф',
    '用户@例子.中国',
    'a@xn--fsqu00a.xn--fiqs8s',
    'a@1.2.3',
    `${'x'.repeat(64)}@example.com`,
  ])('may be %s', async (email) => {
    expect((await created({ email })).email).toBe(email);
  });

  it.each([
    'a',
    '@',
    'a@',
    '@b.cc',
    'a@b',
    'a@@b.cc',
    'a@b@c.dd',
    'a@b..cc',
    'a@.b.cc',
    'a@b.cc.',
    '.a@b.cc',
    'a.@b.cc',
    'a..a@b.cc',
    'a@-b.cc',
    'a@b-.cc',
    'a@b_c.dd',
    'a b@c.dd',
    ' a@b.cc',
    'a@b.cc\n',
    'a@b.cc\u0000',
    'a\u200b@b.cc',
    '"a b"@c.dd',
    'a@[127.0.0.1]',
    'a@b.cc, x@y.zz',
    'Name <a@b.cc>',
    'a\ud800@b.cc',
    `${'x'.repeat(65)}@example.com`,
    `a@${'x'.repeat(64)}.com`,
    `a@${'x.'.repeat(130)}com`,
  ])('may not be %j', (email) => expectRefusal({ email }, 'email 必须是有效的邮箱地址，例如 name@example.com'));

  it.each([
    ['a@example.com', 'A@Example.COM'],
    ['a@example.com', 'ａ＠ｅｘａｍｐｌｅ．ｃｏｍ'],
    ['ﬁ@example.com', 'fi@example.com'],
    ['e\u0301@example.com', 'é@example.com'],
  ])('%s is the same as %s', async (first, second) => {
    await created({ email: first });
    await expectRefusal({ email: second }, '邮箱已存在');
  });

  it('of another is refused in a change too, and one that was given up is free', async () => {
    const { body } = await create({ email: 'first@example.com' });
    const id = (body.data as { id: number }).id;
    await created({ email: 'second@example.com' });
    const change = (email: string) => world.as(admin, `PUT /api/users/${id}`, { body: { email } });
    expect((await change('SECOND@example.com')).body.message).toBe('请求参数错误: 邮箱已存在');
    expect((await change('third@example.com')).status).toBe(200);
    await created({ email: 'first@example.com' });
  });
});

describe('a password', () => {
  const TOO_LONG = 'password 不能超过 72 字节（UTF-8 编码）';

  it.each([
    ['12345', 'password 至少 6 个字符'],
    ['😀'.repeat(5), 'password 至少 6 个字符'],
    ['e\u0301'.repeat(5), 'password 至少 6 个字符'],
    ['x'.repeat(73), TOO_LONG],
    [`${'x'.repeat(70)}€`, TOO_LONG],
    [`${'x'.repeat(69)}😀`, TOO_LONG],
    ['é'.repeat(37), TOO_LONG],
    ['x'.repeat(10_000), TOO_LONG],
    ['secret\u0000', 'password 不能包含 NUL 字符或无效的 Unicode 文本'],
    ['\u0000'.repeat(8), 'password 不能包含 NUL 字符或无效的 Unicode 文本'],
    ['secret\udc00', 'password 不能包含 NUL 字符或无效的 Unicode 文本'],
  ])('%j is refused wherever one is sent', async (password, change) => {
    await expectRefusal({ password }, change);
    const login = await world.send('POST /api/auth/login', { body: { username: 'admin', password } });
    expect([login.status, login.body.message]).toEqual([400, `请求参数错误: ${change}`]);
    const { body } = await world.as(admin, 'GET /api/auth/profile');
    for (const field of ['old_password', 'new_password']) {
      const answer = await world.as(admin, `PUT /api/users/${(body.data as { id: number }).id}/password`, {
        body: { old_password: PASSWORD, new_password: PASSWORD, [field]: password },
      });
      expect([answer.status, answer.body.message]).toEqual([400, `请求参数错误: ${change.replace('password', field)}`]);
    }
  });

  it.each([
    '123456',
    '😀'.repeat(6),
    '      ',
    'x'.repeat(72),
    'é'.repeat(36),
    'e\u0301'.repeat(36),
    `${'x'.repeat(68)}😀`,
  ])('%j is taken, and opens the account alone', async (password) => {
    const { username } = await created({ password });
    await world.login(username, password);
    await world.login(username, password.normalize('NFD').normalize('NFC'));
    const wrong = `${password.slice(0, -1)}#`;
    if (wrong.isWellFormed()) {
      expect((await world.send('POST /api/auth/login', { body: { username, password: wrong } })).status).toBe(401);
    }
  });

  it('keeps its last byte: of 72, and of two with 71 in common', async () => {
    const { username } = await created({ password: `${'x'.repeat(71)}a` });
    const { status } = await world.send('POST /api/auth/login', { body: { username, password: `${'x'.repeat(71)}b` } });
    expect(status).toBe(401);
  });
});
