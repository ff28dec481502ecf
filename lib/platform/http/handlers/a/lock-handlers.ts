/** API A's locks. */
import type { Engine } from '../../../../application/api.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { Handlers } from '../../serve.ts';
import { bad, ok } from './a-answers.ts';

export type LockDependencies = {
  readonly engine: Pick<Engine, 'leases'>;
  /** Epoch ms. */
  readonly now: () => number;
};

const SUCCESS = { success: true, status: 'success' } as const;

export const lockHandlers = ({
  engine,
  now,
}: LockDependencies): Pick<Handlers, 'acquireLock' | 'releaseLock' | 'checkLock' | 'refreshLock'> => ({
  acquireLock: async ({ query: { key, expire } }) => {
    const lease = await engine.leases.acquire(key, expire * 1_000);
    return lease === undefined
      ? ok(200, { key, value: '', success: false, status: 'failed', message: 'lock already acquired' } as const)
      : ok(200, {
          key,
          value: lease.value,
          ...SUCCESS,
          message: 'lock acquired',
          expire,
          fencing_token: lease.fence,
        });
  },

  releaseLock: async ({ query: { key, value } }) =>
    (await engine.leases.release(key, value)) === 'released'
      ? ok(200, { key, status: 'success' as const, message: 'lock released' })
      : { status: 409, error: '锁未被此 value 持有, 或已过期' },

  checkLock: async ({ query: { key, value } }) => {
    const lease = await engine.leases.find(key);
    const matched = value === undefined || lease?.value === value;
    const held = lease !== undefined && matched ? lease : undefined;
    return ok(200, {
      key,
      is_locked: held !== undefined,
      value: held?.value ?? '',
      status: held === undefined ? ('unlocked' as const) : ('locked' as const),
      check_time: formatInstant(now()),
      ...(value === undefined ? {} : { value_matched: held !== undefined }),
      ...(held === undefined ? {} : { fencing_token: held.fence }),
    });
  },

  refreshLock: async ({ query: { key, value, expire } }) => {
    const lease = await engine.leases.refresh(key, value, expire * 1_000);
    return lease === undefined
      ? bad('锁未被此 value 持有, 或已过期: 请重新获取')
      : ok(200, { key, value, expire, ...SUCCESS, message: 'lock refreshed', fencing_token: lease.fence });
  },
});
