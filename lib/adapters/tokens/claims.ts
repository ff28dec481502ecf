import type { JwtPayload } from 'aws-jwt-verify/jwt-model';
import * as z from 'zod';
import { TOKEN_AUDIENCE } from '../../application/identity/make-token.ts';
import type { TokenClaims, VerifiedToken } from '../../application/ports/identity.ts';
import type { Issuer } from '../../contracts/issuer.ts';

const invalid = (reason: Extract<VerifiedToken, { kind: 'invalid' }>['reason']): VerifiedToken => ({
  kind: 'invalid',
  reason,
});

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const common = { sub: z.string().min(1), login: z.string().min(1) };
/** What `createTokenMaker` writes (lib/application/identity/make-token.ts). */
const ownSchema = z.discriminatedUnion('use', [
  z.object({ ...common, use: z.literal('access') }),
  z.object({ ...common, use: z.literal('refresh'), gen: z.int() }),
]);

/** The claims of one of our tokens, whose signature, issuer and times are right. */
export const readOwnClaims = (payload: JwtPayload, use: TokenClaims['use']): VerifiedToken => {
  if (payload.aud !== TOKEN_AUDIENCE) {
    return invalid('not_ours');
  }
  const { data } = ownSchema.safeParse(payload);
  if (data === undefined) {
    return invalid('malformed');
  }
  if (data.use !== use) {
    return invalid('wrong_use');
  }
  return {
    kind: 'own',
    claims: {
      use,
      user: data.sub,
      login: data.login,
      ...(data.use === 'refresh' && { generation: data.gen }),
    },
  };
};

/** OpenID Connect Core 1.0 §2: `sub` must not exceed 255 ASCII characters. It becomes part of keys of rows. */
const MAX_SUBJECT = 255;

/**
 * ID tokens have the same issuer and keys as access tokens, and tell who logged in, not what the bearer may do. Cognito's say
 * what they are; others show it by claims that OpenID Connect Core 1.0 (§2, §3.1.3.6, §3.3.2.11) gives to ID tokens alone.
 */
const isNoAccessToken = (payload: JwtPayload): boolean =>
  (payload.token_use !== undefined && payload.token_use !== 'access') ||
  ['nonce', 'at_hash', 'c_hash'].some((claim) => payload[claim] !== undefined);

/** The claims of another issuer's access token, whose signature, issuer and times are right. */
export const readExternalClaims =
  ({ issuer, audience, roleClaim, roles }: Issuer) =>
  (payload: JwtPayload, use: TokenClaims['use']): VerifiedToken => {
    // Cognito's access tokens have no `aud` and name the app client in `client_id`. Beside an `aud` (RFC 9068) a `client_id`
    // says nothing about whom the token is for.
    if (!listOf(payload.aud ?? payload.client_id).some((name) => typeof name === 'string' && audience.includes(name))) {
      return invalid('not_ours');
    }
    // Only our own refresh tokens refresh.
    if (use !== 'access' || isNoAccessToken(payload)) {
      return invalid('wrong_use');
    }
    const { sub } = payload;
    if (sub === undefined || sub === '' || sub.length > MAX_SUBJECT) {
      return invalid('malformed');
    }
    const held = listOf(payload[roleClaim]).map((value) => (typeof value === 'string' ? roles[value] : undefined));
    const role = (['admin', 'user'] as const).find((candidate) => held.includes(candidate));
    return role === undefined ? invalid('no_role') : { kind: 'external', issuer, subject: sub, role };
  };
