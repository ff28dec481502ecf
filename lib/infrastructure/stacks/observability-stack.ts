/** What a person is told, and where they look first. */
import { Aws, Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  MathExpression,
  type Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { refusals } from '../constructs/access-logs.ts';
import { operatorAlarm } from '../constructs/operator-alarm.ts';
import type { StageConfig } from '../stage-config.ts';
import type { ApiStack } from './api-stack.ts';
import { BUSIEST_DEFINITION_INDEX, INDEXES } from './data-policies.ts';
import type { DataStack } from './data-stack.ts';
import type { IdentityStack } from './identity-stack.ts';
import type { MessagingStack } from './messaging-stack.ts';
import type { RealtimeStack } from './realtime-stack.ts';

const period = Duration.minutes(5);

type Parts = {
  readonly data: DataStack;
  readonly messaging: MessagingStack;
  readonly realtime: RealtimeStack;
  readonly identity: IdentityStack;
  readonly api: ApiStack;
};

export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, config: StageConfig, parts: Parts) {
    super(scope, id, { description: 'Cronsaga: alarms and dashboard' });
    const topic = alarmTopic(this, config);
    const functions = {
      Api: parts.api.api.fn,
      Identity: parts.identity.identity.fn,
      Docs: parts.api.docs.fn,
      Connect: parts.realtime.connect.fn,
      Frame: parts.realtime.frame.fn,
      Alarms: parts.realtime.alarms.fn,
      Counts: parts.realtime.counts.fn,
      Reconcile: parts.realtime.reconcile.fn,
      Execute: parts.realtime.execute.fn,
    };

    const alarms: Alarm[] = [
      ...queueAlarms(this, topic, parts.messaging),
      operatorAlarm(this, 'TotalsLag', {
        topic,
        metric: parts.realtime.counts.fn.metric('IteratorAge', {
          period: Duration.minutes(1),
          statistic: Stats.MAXIMUM,
        }),
        threshold: 60_000,
        periods: 3,
        wrong: 'Totals have lagged more than a minute behind the rows for three minutes (promised: 5 s).',
        todo: "Read the Counts function's log for the record it fails on.",
        runbook: 'totals-lag',
      }),
      operatorAlarm(this, 'HttpFaults', {
        topic,
        metric: parts.api.http.metricServerError({ period }),
        threshold: 5,
        periods: 1,
        wrong: 'The HTTP API answered five requests or more with a 5xx within five minutes.',
        todo: 'Find their requestId in the access log, then in the log of the Api or the Identity function.',
        runbook: 'http-faults',
      }),
      operatorAlarm(this, 'TableThrottled', {
        topic,
        metric: throttledWrites(parts.data),
        threshold: 100,
        periods: 1,
        wrong:
          'DynamoDB refused 100 writes or more within five minutes: one partition is hot, or the table grows too fast.',
        todo: "See which table and index it is; compare the pools' load with poolShards in the stage's configuration.",
        runbook: 'table-throttled',
      }),
      operatorAlarm(this, 'Refusals', {
        topic,
        metric: refusals(config, period),
        threshold: 100,
        periods: 3,
        wrong:
          'A hundred requests or more were refused every five minutes (401, 403, locked logins) for a quarter of an hour.',
        todo: 'See in the access log and the audit log who it is and what they try; revoke the key or disable the user.',
        runbook: 'refusals',
      }),
      ...openGroupAlarms(this, topic, config, parts.api),
    ];
    for (const [name, fn] of Object.entries(functions)) {
      alarms.push(
        errorsAlarm(this, topic, name, fn),
        operatorAlarm(this, `${name}Throttled`, {
          topic,
          metric: fn.metricThrottles({ period }),
          threshold: 10,
          periods: 2,
          wrong: `Lambda turned invocations of the ${name} function away for ten minutes: the account's concurrency is used up.`,
          todo: 'Raise the quota of concurrent executions, or lower alarmConcurrency.',
          runbook: 'function-throttled',
        }),
      );
    }

    const dashboard = new Dashboard(this, 'Dashboard', { defaultInterval: Duration.hours(6) });
    dashboard.addWidgets(new AlarmStatusWidget({ alarms, width: 24, height: 4 }));
    const graph = (title: string, metrics: Metric[]) => new GraphWidget({ title, left: metrics, width: 8 });
    const all = Object.values(functions);
    dashboard.addWidgets(
      graph(
        'Invocations',
        all.map((fn) => fn.metricInvocations({ period })),
      ),
      graph(
        'Duration, p95',
        all.map((fn) => fn.metricDuration({ period, statistic: Stats.percentile(95) })),
      ),
      graph('Alarms waiting and their age', [
        parts.messaging.alarms.metricApproximateNumberOfMessagesVisible({ period }),
        parts.messaging.alarms.metricApproximateAgeOfOldestMessage({ period }),
      ]),
    );
  }
}

/** What runs once in five minutes has failed often enough when it has failed three times in a row. */
const errorsAlarm = (scope: Construct, topic: Topic, name: string, fn: IFunction): Alarm =>
  operatorAlarm(scope, `${name}Errors`, {
    topic,
    metric: fn.metricErrors({ period }),
    ...(name === 'Reconcile'
      ? { threshold: 1, periods: 3, wrong: `The ${name} function has failed for a quarter of an hour.` }
      : { threshold: 5, periods: 1, wrong: `The ${name} function failed five times or more within five minutes.` }),
    todo: 'Read the error in its log; what it was doing is repeated by a caller, a queue, an alarm or its schedule.',
    runbook: 'function-errors',
  });

/** Of the tables and their indexes (an alarm takes ten metrics at most, each $0.10 a month): a write that an index cannot take is refused too, but counted under the index only. */
const throttledWrites = ({ executions, definitions }: DataStack): MathExpression => {
  const of = (table: TableV2, dimensions: Record<string, string> = {}) =>
    table.metric('WriteThrottleEvents', {
      period,
      statistic: Stats.SUM,
      dimensionsMap: { TableName: table.tableName, ...dimensions },
    });
  const metrics = [
    of(executions),
    ...INDEXES.map((index) => of(executions, { GlobalSecondaryIndexName: index })),
    of(definitions),
    of(definitions, { GlobalSecondaryIndexName: BUSIEST_DEFINITION_INDEX }),
  ];
  return new MathExpression({
    label: 'Throttled writes',
    period,
    expression: `SUM([${metrics.map((_, at) => `FILL(m${at}, 0)`).join(', ')}])`,
    usingMetrics: Object.fromEntries(metrics.map((metric, at) => [`m${at}`, metric])),
  });
};

/** In ALARM for as long as a group is open, so that nobody can say they did not know. */
const openGroupAlarms = (scope: Construct, topic: Topic, { stage, openGroups }: StageConfig, api: ApiStack): Alarm[] =>
  openGroups.length === 0
    ? []
    : [
        operatorAlarm(scope, 'GroupsOpen', {
          topic,
          // Any number of invocations is enough, and none as well: it asks for no traffic.
          metric: api.api.fn.metricInvocations({ period }),
          threshold: 0,
          periods: 1,
          missing: TreatMissingData.BREACHING,
          wrong: `API groups ${openGroups.join(', ')} answer everyone on the internet without a token; who can create a task or a flow runs commands on the workers.`,
          todo: `Take them out of openGroups of stage "${stage}" in cdk.json and deploy; callers then need a token or an API key.`,
          runbook: 'groups-open',
        }),
      ];

const queueAlarms = (scope: Construct, topic: Topic, messaging: MessagingStack): Alarm[] => {
  const oneMinute = { period: Duration.minutes(1), statistic: Stats.MAXIMUM };
  const notEmpty = { topic, threshold: 1, periods: 1 };
  return [
    operatorAlarm(scope, 'FailedAlarmsWaiting', {
      ...notEmpty,
      metric: messaging.failedAlarms.metricApproximateNumberOfMessagesVisible(oneMinute),
      wrong: 'An alarm failed every attempt to handle it: the run or session that it watches may be stuck.',
      todo: "Find its error in the Alarms function's log, mend the cause, then move the messages back.",
      runbook: 'failed-alarms',
    }),
    operatorAlarm(scope, 'UndeliveredSchedulesWaiting', {
      ...notEmpty,
      metric: messaging.undeliveredSchedules.metricApproximateNumberOfMessagesVisible(oneMinute),
      wrong:
        'EventBridge Scheduler could not send an alarm, so a run planned ahead will not start by itself; or it could not start the reconciler.',
      todo: "Read the message's ERROR_CODE, mend the cause, then send an alarm to the alarm queue.",
      runbook: 'undelivered-schedules',
    }),
    operatorAlarm(scope, 'FailedFunctionRunsWaiting', {
      ...notEmpty,
      metric: messaging.failedFunctionRuns.metricApproximateNumberOfMessagesVisible(oneMinute),
      wrong: 'The Execute function could not begin a run of the pool lambda in any of its attempts.',
      todo: "Find its error in the Execute function's log. The run itself is tried again, or has failed, by its own alarm.",
      runbook: 'failed-function-runs',
    }),
    operatorAlarm(scope, 'UncountedChangesWaiting', {
      ...notEmpty,
      metric: messaging.uncountedChanges.metricApproximateNumberOfMessagesVisible(oneMinute),
      wrong: 'A piece of the stream was given up: totals are off by what it held. Runs are not affected.',
      todo: 'Read the message for the shard and sequence numbers within 24 hours of its records.',
      runbook: 'uncounted-changes',
    }),
    operatorAlarm(scope, 'AlarmsLate', {
      topic,
      metric: messaging.alarms.metricApproximateAgeOfOldestMessage(oneMinute),
      // A message may rightly wait 15 minutes, the longest delay of SQS; five more are nobody's intent.
      threshold: 20 * 60,
      periods: 3,
      wrong:
        'An alarm has been in the queue for over 20 minutes (15 are normal): runs start late, losses go unnoticed.',
      todo: 'See whether the Alarms function fails, is throttled or is outrun.',
      runbook: 'alarms-late',
    }),
  ];
};

/** Where alarms are announced. */
const alarmTopic = (scope: Construct, config: StageConfig): Topic => {
  const topic = new Topic(scope, 'AlarmTopic', { enforceSSL: true });
  // The policy that demands TLS replaces the topic's own, which let CloudWatch publish.
  topic.grantPublish(
    new ServicePrincipal('cloudwatch.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  );
  if (config.alarmEmail !== undefined) {
    topic.addSubscription(new EmailSubscription(config.alarmEmail));
  }
  Validations.of(topic).acknowledge({
    id: 'Serverless-SNSRedrivePolicy',
    reason: 'A mail that SNS cannot deliver is read by nobody in a queue either; the alarm stays red in CloudWatch.',
  });
  return topic;
};
