import { ACCESS_TOKEN_MS, type Login } from '../../domain/identity/login.ts';
import type { IdentityPorts } from '../ports/identity.ts';
import type { Tokens } from './api.ts';
import { createTokenMaker } from './make-token.ts';

export type IssueTokens = (login: Pick<Login, 'user' | 'id' | 'generation' | 'expiresAt'>) => Promise<Tokens>;

/** Both tokens of a login. Before its first signature an instance publishes its keys: no token exists that nobody can verify. */
export const createIssueTokens = (
  ports: Pick<IdentityPorts, 'signing' | 'publicKeys' | 'issuer' | 'now'>,
): IssueTokens => {
  const { signing, publicKeys, now } = ports;
  const makeToken = createTokenMaker(ports);
  let published: Promise<void> | undefined;

  const publish = async (): Promise<void> => {
    try {
      await publicKeys.publish(await signing.publicKeys());
    } catch (error) {
      published = undefined;
      throw error;
    }
  };

  return async ({ user, id, generation, expiresAt }) => {
    published ??= publish();
    await published;
    const [access, refresh] = await Promise.all([
      makeToken({ use: 'access', user, login: id }, now() + ACCESS_TOKEN_MS),
      makeToken({ use: 'refresh', user, login: id, generation }, expiresAt),
    ]);
    return { access, refresh };
  };
};
