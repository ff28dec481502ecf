/** What every function that runs the engine is given and allowed: the API, the workers' frames, the alarms and the reconciler. */
import type { IManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { EnvironmentOf, engineEnvSchema } from '../platform/env/schemas.ts';
import type { DataStack } from './stacks/data-stack.ts';
import type { MessagingStack } from './stacks/messaging-stack.ts';
import type { StageConfig } from './stage-config.ts';

export type EngineParts = {
  readonly data: DataStack;
  readonly messaging: MessagingStack;
  readonly sockets: {
    /** Management endpoint of the WebSocket stage. */
    readonly connectionsUrl: string;
    /** Posting to sockets and closing them. */
    readonly mayPost: IManagedPolicy;
  };
};

export const commonEnvironment = (config: StageConfig) => ({ STAGE: config.stage, LOG_LEVEL: config.logLevel });

/** Environment and permissions come in one piece, so that they cannot drift apart; what of the definitions each may touch is its own. */
export const engineAccess = (
  config: StageConfig,
  { data, messaging, sockets }: EngineParts,
): { readonly environment: EnvironmentOf<typeof engineEnvSchema>; readonly policies: readonly IManagedPolicy[] } => ({
  environment: {
    ...commonEnvironment(config),
    TABLE_NAME: data.executions.tableName,
    DEFINITIONS_TABLE: data.definitions.tableName,
    ALARM_QUEUE_URL: messaging.alarms.queueUrl,
    ALARM_QUEUE_ARN: messaging.alarms.queueArn,
    FUNCTION_QUEUE_URL: messaging.functionRuns.queueUrl,
    SCHEDULE_GROUP: messaging.schedules.ref,
    SCHEDULE_ROLE_ARN: messaging.schedulerRole.roleArn,
    SCHEDULE_DLQ_ARN: messaging.undeliveredSchedules.queueArn,
    CONNECTIONS_URL: sockets.connectionsUrl,
    POOL_SHARDS: JSON.stringify(config.poolShards),
    RUN_RETENTION_DAYS: String(config.runRetentionDays),
    PRIORITY_AGEING_SECONDS: String(config.priorityAgeingMinutes * 60),
  },
  policies: [data.policies.mayRun, messaging.mayArm, sockets.mayPost],
});
