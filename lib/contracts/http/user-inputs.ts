/** What API C takes of a user. Which names, addresses and passwords are good is the domain's to say; here it is put in words. */
import * as z from 'zod';
import { USER_ROLES } from '../../domain/identity/access.ts';
import { checkUsername, isEmail, MAX_EMAIL, MAX_USERNAME, type UsernameFault } from '../../domain/identity/names.ts';
import { checkPassword, MAX_PASSWORD_BYTES, MIN_PASSWORD, type PasswordFault } from '../../domain/identity/password.ts';
import { badRequest, bodyOf, required, wrongType } from './c-inputs.ts';

const PASSWORD_FAULTS: Readonly<Record<PasswordFault, string>> = {
  too_short: `至少 ${MIN_PASSWORD} 个字符`,
  too_long: `不能超过 ${MAX_PASSWORD_BYTES} 字节（UTF-8 编码）`,
  characters: '不能包含 NUL 字符或无效的 Unicode 文本',
};

const USERNAME_FAULTS: Readonly<Record<UsernameFault, string>> = {
  empty: '不能为空',
  too_long: `不能超过 ${MAX_USERNAME} 个字符`,
  characters: '只能包含字母、数字和 . _ -，邮箱地址请填入 email',
  mixed_scripts: '不能混用不同文字的字母',
};

export const passwordField = (field: string) =>
  z
    .string(required(field, '字符串'))
    .superRefine((text, context) => {
      const fault = checkPassword(text);
      if (fault !== undefined) {
        context.addIssue({ code: 'custom', message: badRequest(`${field} ${PASSWORD_FAULTS[fault]}`) });
      }
    })
    .meta({
      format: 'password',
      minLength: MIN_PASSWORD,
      description: `At most ${MAX_PASSWORD_BYTES} bytes in UTF-8 after NFC; more is refused, never cut`,
    });

const asUsername = (schema: z.ZodString) =>
  schema
    .superRefine((text, context) => {
      const fault = checkUsername(text);
      if (fault !== undefined) {
        context.addIssue({ code: 'custom', message: badRequest(`username ${USERNAME_FAULTS[fault]}`) });
      }
    })
    .meta({
      minLength: 1,
      description: `Letters, digits, . _ - of one script, at most ${MAX_USERNAME} after NFKC; unique whatever its case`,
    });

const asEmail = (schema: z.ZodString) =>
  schema
    .refine(isEmail, badRequest('email 必须是有效的邮箱地址，例如 name@example.com'))
    .meta({ format: 'email', maxLength: MAX_EMAIL });

const ROLES = badRequest(`role 必须是 ${USER_ROLES.join(' 或 ')}`);

/** `null` is as good as absent. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/** A user name or an e-mail; whether it is a good one does not matter, only whether somebody has it. */
export const loginName = z
  .string(required('username', '字符串'))
  .min(1, badRequest('缺少 username'))
  .refine(
    (text) => [...text.normalize('NFKC')].length <= MAX_EMAIL,
    badRequest(`username 不能超过 ${MAX_EMAIL} 个字符`),
  )
  // Half a surrogate pair has no UTF-8 form: the audit log would keep another name than the one that was typed.
  .refine((text) => text.isWellFormed(), badRequest('username 必须是有效的 Unicode 文本'))
  .meta({ description: 'User name or e-mail' });

export const createUserBody = bodyOf({
  username: asUsername(z.string(required('username', '字符串'))),
  email: asEmail(z.string(required('email', '字符串'))),
  password: passwordField('password'),
  role: z.enum(USER_ROLES, {
    error: ({ input }) => (input === undefined || input === null ? badRequest('缺少 role') : ROLES),
  }),
}).meta({ id: 'CreateUser' });

export const updateUserBody = bodyOf({
  username: optional(asUsername(z.string(wrongType('username', '字符串')))),
  email: optional(asEmail(z.string(wrongType('email', '字符串')))),
  role: optional(z.enum(USER_ROLES, ROLES)),
  status: optional(z.literal([0, 1], badRequest('status 必须是 0 或 1'))),
}).meta({ id: 'UpdateUser' });

export const changePasswordBody = bodyOf({
  old_password: passwordField('old_password'),
  new_password: passwordField('new_password'),
}).meta({ id: 'ChangePassword' });
