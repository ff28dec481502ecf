import type { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { readAdminSecret } from '../../lib/adapters/secrets/admin-secret.ts';

const ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:admin-AbCdEf';

const read = (SecretString: string | undefined) =>
  readAdminSecret(ARN, {
    send: async (command: GetSecretValueCommand) => {
      expect(command.input).toEqual({ SecretId: ARN });
      return { SecretString };
    },
  });

describe('the secret of the first admin', () => {
  it('is a user name, a password and an e-mail', async () => {
    const admin = { username: 'root', password: 'correct horse', email: 'root@example.com' };
    await expect(read(JSON.stringify({ ...admin, note: 'more keys are let be' }))).resolves.toEqual(admin);
  });

  it.each([
    ['is absent', undefined, 'not JSON'],
    ['is no JSON', 'hunter2-is-my-password', 'not JSON'],
    ['is cut short', '{"username":"root","password":"hunter2', 'not JSON'],
    ['is no object', '"hunter2"', 'the whole'],
    ['lacks keys', '{"password":"hunter2"}', 'username, email'],
    ['has an empty password', '{"username":"hunter2","password":"","email":"hunter2@x"}', 'missing: password.'],
    ['has a number', '{"username":"hunter2","password":987654,"email":"hunter2@x"}', 'missing: password.'],
  ])('that %s is refused without a word of it', async (_, text, problem) => {
    const error: unknown = await read(text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    const told = error instanceof Error ? `${error.stack} ${String(error.cause)}` : '';
    expect(told).toContain(ARN);
    expect(told).toContain(problem);
    expect(told).not.toMatch(/hunter2|987654/);
  });
});
