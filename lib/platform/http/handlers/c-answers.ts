/** API C's envelope around what its handlers answer, and the refusals that several of them share. */

import type { UserView } from '../../../contracts/http/user.ts';
import type { User } from '../../../domain/identity/user.ts';
import { isActive } from '../../../domain/identity/user.ts';
import { formatInstant } from '../../../domain/instant.ts';
import { retryAfter, secondsUntil } from '../retry-after.ts';

/** @param now epoch ms */
export const answer = <const C extends 200 | 201, const M extends string>(code: C, message: M, now: number) => ({
  status: code,
  body: { success: true, code, message, timestamp: formatInstant(now) } as const,
});

/** @param now epoch ms */
export const answerWith = <const C extends 200 | 201, const M extends string, D>(
  code: C,
  message: M,
  data: D,
  now: number,
) => ({
  status: code,
  body: { success: true, code, message, data, timestamp: formatInstant(now) } as const,
});

export const userView = (user: User): UserView => ({
  id: Number(user.id),
  username: user.username,
  email: user.email,
  role: user.role,
  status: isActive(user) ? 1 : 0,
});

/** @param retryAt epoch ms */
export const tooManyTries = (retryAt: number, now: number) => {
  const seconds = secondsUntil(retryAt, now);
  return { status: 429, error: `尝试次数过多: 请在 ${seconds} 秒后重试`, headers: retryAfter(seconds) } as const;
};

/** A slot for a password frees within a second: comparing takes a fraction of one. */
export const BUSY = { status: 503, error: '服务器繁忙: 请在 1 秒后重试', headers: retryAfter(1) } as const;

export const UNKNOWN_USER = '用户不存在';

/** What was asked, without what was left open. */
export const idempotencyOf = (headers: { readonly 'idempotency-key'?: string | undefined }) => {
  const key = headers['idempotency-key'];
  return key === undefined ? undefined : { key };
};
