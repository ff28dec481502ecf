import { describe, expect, it } from 'vitest';
import { readEnv } from '../../../lib/platform/env/read-env.ts';
import { httpEnvSchema } from '../../../lib/platform/env/schemas.ts';

const complete = {
  STAGE: 'local',
  TABLE_NAME: 'executions',
  ALARM_QUEUE_URL: 'http://127.0.0.1/queue',
  ALARM_QUEUE_ARN: 'arn:queue',
  FUNCTION_QUEUE_URL: 'http://127.0.0.1/function-runs',
  SCHEDULE_GROUP: 'group',
  SCHEDULE_ROLE_ARN: 'arn:role',
  SCHEDULE_DLQ_ARN: 'arn:dlq',
  CONNECTIONS_URL: 'http://127.0.0.1/local',
  DEFINITIONS_TABLE: 'definitions',
  THROTTLE_RATE: '100',
  THROTTLE_BURST: '500',
};

describe('readEnv', () => {
  it('reads an environment, with defaults', () => {
    expect(readEnv(httpEnvSchema, { ...complete, OPEN_GROUPS: 'D,E', PATH: '/bin' })).toMatchObject({
      STAGE: 'local',
      LOG_LEVEL: 'info',
      OPEN_GROUPS: ['D', 'E'],
      RUN_RETENTION_DAYS: 30,
      TOKEN_ISSUERS: [],
      THROTTLE_RATE: 100,
      THROTTLE_BURST: 500,
    });
  });

  it('names every variable that is missing or wrong, and shows no value', () => {
    const wrong = {
      ...complete,
      TABLE_NAME: undefined,
      THROTTLE_BURST: 'my-secret',
      POOL_SHARDS: '{"default":{"ready":"many"}}',
    };
    const read = () => readEnv(httpEnvSchema, wrong);
    expect(read).toThrow(/TABLE_NAME is not set/);
    expect(read).toThrow(/THROTTLE_BURST: /);
    expect(read).toThrow(/POOL_SHARDS\.default\.ready: /);
    expect(read).not.toThrow(/my-secret|many/);
  });
});
