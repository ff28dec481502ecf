import { describe, expect, it } from 'vitest';
import { createLogger } from '../../lib/platform/logger.ts';
import { isSecretName, redactText } from '../../lib/platform/redact.ts';

const SECRET = 'A-_9'.repeat(10);
const KEY = `csk_1_2z_${SECRET}abc`;
const JWT = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.${SECRET}`;

/** What is written of these fields. */
const written = (message: string, fields: Readonly<Record<string, unknown>> = {}): string => {
  let text = '';
  createLogger({
    level: 'debug',
    write: (line) => {
      text += line;
    },
  }).info(message, fields);
  return text;
};
const parsed = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  JSON.parse(written('m', fields)) as Record<string, unknown>;

describe('a log line', () => {
  it('is one JSON object with time, level, message and fields', () => {
    const line = written('said', { count: 1, big: 12n, nested: { list: ['a', null, true] } });
    expect(line.endsWith('}\n')).toBe(true);
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'info',
      message: 'said',
      count: 1,
      big: '12',
      nested: { list: ['a', null, true] },
    });
  });

  it('is not written below its level', () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'warn', write: (line) => lines.push(line) });
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    logger.with({ more: 1 }).error('d');
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd']);
  });
});

describe('names of secrets', () => {
  it.each([
    'password',
    'old_password',
    'new_password',
    'newPassword',
    'passwordHash',
    'password_hash',
    'hash',
    'token',
    'refresh_token',
    'access_token',
    'accessToken',
    'tokens',
    'secret',
    'clientSecret',
    'Authorization',
    'x-api-key',
    'X-API-Key',
    'apiKey',
    'api_key',
    'private_key',
    'privateKey',
    'cookie',
    'set-cookie',
    'credential',
    'credentials',
    'awsCredentials',
    'passphrase',
    'keyPassphrases',
    'pwd',
    'user-pwd',
    'secretAccessKey',
    'secret_access_key',
    'SecretString',
    'secret_string',
    'jwt',
    'idJwt',
    'JWT',
  ])('%s is never written, at any depth', (name) => {
    expect(isSecretName(name)).toBe(true);
    expect(parsed({ [name]: 'plain', deep: [{ [name]: { inner: 'plain' } }] })).toMatchObject({
      [name]: '[redacted]',
      deep: [{ [name]: '[redacted]' }],
    });
  });

  it.each([
    'key',
    'tokenUse',
    'hashCount',
    'monkey',
    'principal',
    'passwordless',
    'keyId',
    'cookieless',
    'broken',
    'accessKeyId',
    'secretArn',
    'credentialId',
    'jwtIssuer',
    'string',
  ])('%s is written', (name) => {
    expect(parsed({ [name]: 'plain' })).toMatchObject({ [name]: 'plain' });
  });
});

describe('what looks like a secret', () => {
  it.each([
    [KEY, 'csk_1_2z_[redacted]'],
    [`key ${KEY}, and more`, 'key csk_1_2z_[redacted], and more'],
    [`x${KEY}`, 'xcsk_1_2z_[redacted]'],
    [`https://host/?key=${KEY}&a=b`, 'https://host/?key=csk_1_2z_[redacted]&a=b'],
    [`csk_${SECRET}`, 'csk_[redacted]'],
    [`csk_1_2z_${SECRET.slice(0, 5)}`, 'csk_1_2z_[redacted]'],
    ['csk_1_2z', 'csk_1_2z'],
    [`${KEY} ${KEY}`, 'csk_1_2z_[redacted] csk_1_2z_[redacted]'],
    [JWT, '[redacted]'],
    [`bad token "${JWT}"`, 'bad token "[redacted]"'],
    [`token%3D${JWT}`, 'token%3D[redacted]'],
    [JWT.slice(0, -SECRET.length - 1), '[redacted]'],
    ['Bearer abc.def', 'Bearer [redacted]'],
    [`authorization: bearer ${JWT}`, 'authorization: Bearer [redacted]'],
    [`{"authorization":"Bearer opaque"}`, `{"authorization":"Bearer [redacted]"}`],
    ['Bearer\n opaque', 'Bearer [redacted]'],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [redacted]'],
    ['{"authorization":"basic dXNlcjpwYXNzdw=="}', '{"authorization":"basic [redacted]"}'],
    ['Basic Basic dXNlcjpwYXNz', 'Basic Basic [redacted]'],
    ['login password=hunter2', 'login password=[redacted]'],
    ['DB_PASSWORD=hunter2 DB_NAME=x', 'DB_PASSWORD=[redacted] DB_NAME=x'],
    ['POST /?client_secret=hunter2&a=b', 'POST /?client_secret=[redacted]&a=b'],
    ['secret: hunter2', 'secret: [redacted]'],
    ['Secret:hunter2', 'Secret:[redacted]'],
    ['secret: Basic dXNlcjpwYXNz', 'secret: [redacted] [redacted]'],
    ['password => "a b", user => "c"', 'password => "[redacted]", user => "c"'],
    ["{ passphrase: 'a \"b\" c', user: 'd' }", "{ passphrase: '[redacted]', user: 'd' }"],
    ['{"password": "a\\"b c", "user": "d"}', '{"password": "[redacted]", "user": "d"}'],
    ['{"newPassword":"","user":"d"}', '{"newPassword":"[redacted]","user":"d"}'],
    ['{"password":"cut off wh', '{"password":"[redacted]'],
    ['{"passwords":["a","b"],"user":"d"}', '{"passwords":[redacted],"user":"d"}'],
    [
      JSON.stringify({ body: JSON.stringify({ password: "it's", user: 'd' }) }),
      JSON.stringify({ body: JSON.stringify({ password: '[redacted]', user: 'd' }) }),
    ],
    [
      '{"SecretAccessKey":"a/b+c","secret_string":"x","password_hash":"$2b$12$x"}',
      '{"SecretAccessKey":"[redacted]","secret_string":"[redacted]","password_hash":"[redacted]"}',
    ],
    ['GET https://user:pass@host/a?b', 'GET https://[redacted]@host/a?b'],
    ["https://user:p@ss'w,d@host", 'https://[redacted]@host'],
    ['postgres://u:p@h:5432/db, ftp://token@h', 'postgres://[redacted]@h:5432/db, ftp://[redacted]@h'],
  ])('is cut from %s', (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });

  it.each([
    '',
    'a bearer',
    'eyJ is how it begins',
    'run 1.2.3',
    'arn:aws:dynamodb:eu-central-1:000000000000:table/Runs',
    'arn:aws:secretsmanager:eu-central-1:000000000000:secret:cronsaga/admin-AbCdEf',
    'token keys',
    'the password was wrong',
    'no secrets, no passwords; pwd',
    'Unexpected token: }',
    'Basic authentication is basic security',
    'WWW-Authenticate: Basic realm="x"',
    'https://host/@scope/name?mail=a@b.co#c@d',
    'mail a@b.co about http://127.0.0.1:8080',
  ])('is not seen in %j', (text) => {
    expect(redactText(text)).toBe(text);
  });

  it('is cut from the message, nested values, errors and their causes', () => {
    const cause = new Error(`inner ${KEY}`, { cause: `text ${JWT}` });
    const error = new TypeError(`outer Bearer ${SECRET}`, { cause });
    const line = written(`refused ${KEY}`, {
      error,
      list: [{ text: `a ${JWT}` }],
      event: { headers: { other: `Bearer ${SECRET}` } },
    });
    expect(line).not.toContain(SECRET);
    expect(JSON.parse(line)).toMatchObject({
      message: 'refused csk_1_2z_[redacted]',
      error: {
        name: 'TypeError',
        message: 'outer Bearer [redacted]',
        stack: expect.stringContaining('TypeError: outer Bearer [redacted]\n'),
        cause: { name: 'Error', message: 'inner csk_1_2z_[redacted]', cause: 'text [redacted]' },
      },
      list: [{ text: 'a [redacted]' }],
    });
  });

  it('is cut from fields that a logger adds to every line', () => {
    let text = '';
    createLogger({ level: 'info', fields: { password: SECRET, from: KEY }, write: (line) => (text += line) })
      .with({ token: SECRET })
      .info('m');
    expect(text).not.toContain(SECRET);
  });

  const HOSTILE = [
    'Basic ',
    ' ',
    '\\',
    'password',
    'password=',
    'password="',
    "pwd='\\",
    'secret:[',
    '://',
    '://a',
    ':1',
  ];
  it('costs one look at each character, whatever the text', () => {
    for (const text of ['eyJ', 'csk_', 'Bearer ', 'eyJ.', 'a.', ...HOSTILE].map((part) => part.repeat(100_000))) {
      expect(redactText(text).length).toBeGreaterThan(0);
    }
  });
});
