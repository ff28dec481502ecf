import type { Settings } from '../application/ports/index.ts';
import type { EngineEnv } from './env/schemas.ts';

const SECOND_MS = 1_000;
const DAY_MS = 24 * 60 * 60_000;
/** The pool of everything that names none. */
export const DEFAULT_POOL = 'default';
/** A pool that nobody configured. One shard carries some 500 runs/s: a run writes its session twice, a partition takes 1,000. */
const ONE_SHARD = { sessions: 1, ready: 1 };

export const toSettings = (
  env: Pick<EngineEnv, 'POOL_SHARDS' | 'RUN_RETENTION_DAYS' | 'PRIORITY_AGEING_SECONDS'>,
): Settings => ({
  shards: (pool) => env.POOL_SHARDS[pool] ?? ONE_SHARD,
  pools: [...new Set([DEFAULT_POOL, ...Object.keys(env.POOL_SHARDS)])],
  retentionMs: env.RUN_RETENTION_DAYS * DAY_MS,
  ageingMs: env.PRIORITY_AGEING_SECONDS * SECOND_MS,
});
