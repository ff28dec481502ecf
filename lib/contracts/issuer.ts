/** Another issuer of tokens, as a stage's configuration names it. */
import * as z from 'zod';
import { USER_ROLES } from '../domain/identity/access.ts';

/** Another issuer whose access tokens this stage takes. */
export const issuerSchema = z.strictObject({
  /** `iss` of its tokens. */
  issuer: z.url({ protocol: /^https$/ }),
  /** `aud` of its tokens (Cognito's access tokens: the app client's `client_id`). */
  audience: z.array(z.string().min(1)).min(1),
  /** Where its keys are; absent: `<issuer>/.well-known/jwks.json`. */
  jwksUri: z.url({ protocol: /^https$/ }).optional(),
  /** The claim that names the caller's role or groups, such as `cognito:groups`. */
  roleClaim: z.string().min(1),
  /** What its values mean here. A token with none of them is refused. */
  roles: z.record(z.string().min(1), z.enum(USER_ROLES)),
});
export type Issuer = z.infer<typeof issuerSchema>;
