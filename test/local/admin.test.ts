import { describe, expect, it } from 'vitest';
import { adminVariables, chooseAdmin, withoutAdmin } from '../../lib/local/admin.ts';
import { PreflightError } from '../../lib/local/preflight.ts';

const PASSWORD = 'correct horse';

describe('the first admin', () => {
  it('has a password of its own with every start, unless one is given', () => {
    const [first, second] = [chooseAdmin({}), chooseAdmin({})];
    expect(first).toMatchObject({ username: 'admin', email: 'admin@example.com', generated: true });
    expect(first.password).toMatch(/^[\w-]{24}$/);
    expect(second.password).not.toBe(first.password);
    // A variable that is set to nothing is not set.
    expect(chooseAdmin({ CRONSAGA_ADMIN_USERNAME: '', CRONSAGA_ADMIN_PASSWORD: '' })).toMatchObject({
      username: 'admin',
      generated: true,
    });
  });

  it('is who the environment says', () => {
    const environment = { CRONSAGA_ADMIN_USERNAME: 'root', CRONSAGA_ADMIN_PASSWORD: PASSWORD };
    expect(chooseAdmin(environment)).toEqual({
      username: 'root',
      password: PASSWORD,
      email: 'root@example.com',
      generated: false,
    });
    expect(chooseAdmin({ ...environment, CRONSAGA_ADMIN_EMAIL: 'me@home.example' }).email).toBe('me@home.example');
  });

  it.each([
    [{ CRONSAGA_ADMIN_USERNAME: 'root@home' }, /^CRONSAGA_ADMIN_USERNAME "root@home" is no user name: .*letters/],
    [{ CRONSAGA_ADMIN_PASSWORD: 'short' }, /^CRONSAGA_ADMIN_PASSWORD is no password: .*at least 6 characters/],
    [{ CRONSAGA_ADMIN_PASSWORD: 'x'.repeat(73) }, /^CRONSAGA_ADMIN_PASSWORD is no password: .*at most 72 bytes/],
    [{ CRONSAGA_ADMIN_EMAIL: 'nobody' }, /^CRONSAGA_ADMIN_EMAIL "nobody" is no e-mail address/],
  ])('%o is refused, in one line and without the password', (environment, message) => {
    const attempt = () => chooseAdmin(environment);
    expect(attempt).toThrow(PreflightError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/short|xxx/);
  });
});

it('programs that the stack starts do not get what the identity function gets', () => {
  const variables = adminVariables({ username: 'root', password: PASSWORD, email: 'root@example.com' });
  expect(Object.keys(variables)).toHaveLength(3);
  expect(withoutAdmin({ PATH: '/bin', ...variables })).toEqual({ PATH: '/bin' });
});
