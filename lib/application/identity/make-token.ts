import type { SigningPort, TokenClaims } from '../ports/identity.ts';

/** `aud` of our tokens. */
export const TOKEN_AUDIENCE = 'cronsaga';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Makes our tokens: compact JWS (RFC 7515 §3.1), ES256.
 *
 * | claim | meaning                                                   |
 * | ----- | --------------------------------------------------------- |
 * | iss   | `cronsaga-<stage>`                                        |
 * | aud   | `cronsaga`                                                |
 * | sub   | the user's id                                             |
 * | use   | `access` or `refresh`: one is never taken for the other   |
 * | login | the login's id                                            |
 * | gen   | of a refresh token: its generation, good for one use      |
 * | iat   | when it was made, exp until when it is good: epoch seconds |
 */
export const createTokenMaker =
  ({
    signing,
    issuer,
    now,
  }: {
    readonly signing: SigningPort;
    readonly issuer: string;
    /** Epoch milliseconds. */
    readonly now: () => number;
  }): ((claims: TokenClaims, expiresAt: number) => Promise<string>) =>
  async ({ use, user, login, generation }, expiresAt) => {
    const [key] = await signing.publicKeys();
    const header = encode({ alg: 'ES256', typ: 'JWT', kid: key?.kid });
    const payload = encode({
      iss: issuer,
      aud: TOKEN_AUDIENCE,
      sub: user,
      use,
      login,
      gen: generation,
      iat: Math.floor(now() / 1_000),
      exp: Math.floor(expiresAt / 1_000),
    });
    const { kid, signature } = await signing.sign(`${header}.${payload}`);
    if (kid !== key?.kid) {
      // The header names the key before anything is signed: a token that names another one is worth nothing to its owner.
      throw new Error(`Signed with key ${kid}, but the first public key is ${key?.kid}`);
    }
    return `${header}.${payload}.${Buffer.from(signature).toString('base64url')}`;
  };
