import { addressKey } from '../../domain/identity/address.ts';
import { LOGIN_LIMIT } from '../../domain/identity/login.ts';
import { typedName } from '../../domain/identity/names.ts';
import type { User } from '../../domain/identity/user.ts';
import type { AttemptStore } from '../ports/identity.ts';

export type Try =
  /** Too many failed before it. `retryAt`: epoch ms. */
  | { readonly kind: 'limited'; readonly by: 'address' | 'name'; readonly retryAt: number }
  | {
      readonly kind: 'counted';
      /**
       * Set where the account's own limit is reached, by tries under its other name: until when (epoch ms). A login is then
       * answered like a wrong password: any other answer would tell that both names are one account.
       */
      readonly hiddenUntil: number | undefined;
      /** The account begins anew; its address keeps the failures that it had. */
      readonly succeed: (user: Pick<User, 'id' | 'username' | 'email'>) => Promise<void>;
    };

export type CountTry = (tried: {
  readonly address: string;
  /** As it was typed. */
  readonly name: string;
  /** Undefined: nobody has that name. The same is counted then, so that the work is the same. */
  readonly account: string | undefined;
}) => Promise<Try>;

/** Counts a try before the password is compared, so that parallel ones cannot all be the first. */
export const createCountTry =
  ({ attempts, now }: { readonly attempts: AttemptStore; readonly now: () => number }): CountTry =>
  async ({ address, name, account }) => {
    const at = now();
    const { windowMs } = LOGIN_LIMIT;
    const addressed = `address:${addressKey(address)}`;
    const named = `name:${typedName(name)}`;
    const accounted = account === undefined ? `nobody:${typedName(name)}` : `user:${account}`;

    // The address first: one that is shut out must not use up an account's tries.
    const byAddress = await attempts.count(addressed, { max: LOGIN_LIMIT.address, windowMs, now: at });
    if (byAddress.kind === 'limited') {
      return { kind: 'limited', by: 'address', retryAt: byAddress.retryAt };
    }
    const byName = await attempts.count(named, { max: LOGIN_LIMIT.account, windowMs, now: at });
    if (byName.kind === 'limited') {
      await attempts.uncount(addressed, at);
      return { kind: 'limited', by: 'name', retryAt: byName.retryAt };
    }
    const byAccount = await attempts.count(accounted, { max: LOGIN_LIMIT.account, windowMs, now: at });

    return {
      kind: 'counted',
      hiddenUntil: byAccount.kind === 'limited' ? byAccount.retryAt : undefined,
      succeed: async (user) => {
        const names = new Set([named, `name:${typedName(user.username)}`, `name:${typedName(user.email)}`]);
        await Promise.all([
          attempts.uncount(addressed, at),
          ...[...names, accounted].map((key) => attempts.clear(key)),
        ]);
      },
    };
  };
