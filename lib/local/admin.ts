/** The first admin of a stack on one machine: from the environment where it says so, else made anew by each start. */
import { randomBytes } from 'node:crypto';
import { checkUsername, isEmail, MAX_USERNAME } from '../domain/identity/names.ts';
import { checkPassword, MAX_PASSWORD_BYTES, MIN_PASSWORD } from '../domain/identity/password.ts';
import { PreflightError } from './preflight.ts';

export type Admin = { readonly username: string; readonly password: string; readonly email: string };

const VARIABLES = {
  username: 'CRONSAGA_ADMIN_USERNAME',
  password: 'CRONSAGA_ADMIN_PASSWORD',
  email: 'CRONSAGA_ADMIN_EMAIL',
} as const;
const NAMES: ReadonlySet<string> = new Set(Object.values(VARIABLES));

/** 144 bits. */
const PASSWORD_BYTES = 18;

/** What the control plane would refuse is refused here, in words that name the variable. */
const check = ({ username, password, email }: Admin): void => {
  if (checkUsername(username) !== undefined) {
    const form = `1 to ${MAX_USERNAME} letters, digits, dots, underscores or hyphens, of one script`;
    throw new PreflightError(`${VARIABLES.username} "${username}" is no user name: it is ${form}`);
  }
  if (checkPassword(password) !== undefined) {
    const form = `at least ${MIN_PASSWORD} characters and at most ${MAX_PASSWORD_BYTES} bytes, none of them NUL`;
    throw new PreflightError(`${VARIABLES.password} is no password: it has ${form}`);
  }
  if (!isEmail(email)) {
    throw new PreflightError(`${VARIABLES.email} "${email}" is no e-mail address`);
  }
};

/** @returns `generated`: nobody knows the password yet */
export const chooseAdmin = (environment: NodeJS.ProcessEnv): Admin & { readonly generated: boolean } => {
  // A variable that is set to nothing counts as not set.
  const of = (name: string): string | undefined => environment[name] || undefined;
  const username = of(VARIABLES.username) ?? 'admin';
  const password = of(VARIABLES.password);
  const admin = {
    username,
    password: password ?? randomBytes(PASSWORD_BYTES).toString('base64url'),
    email: of(VARIABLES.email) ?? `${username}@example.com`,
  };
  check(admin);
  return { ...admin, generated: password === undefined };
};

/** What the identity function, and no other, is given. */
export const adminVariables = ({ username, password, email }: Admin): Readonly<Record<string, string>> => ({
  [VARIABLES.username]: username,
  [VARIABLES.password]: password,
  [VARIABLES.email]: email,
});

/** For the programs that the stack starts: they have no use for the admin's password. */
export const withoutAdmin = <T>(environment: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !NAMES.has(name)));
