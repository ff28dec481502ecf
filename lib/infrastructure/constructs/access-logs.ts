/** One JSON line per request or frame, in a log group with an end to it; those that tell of a refusal are counted. */
import type { Duration } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { type IAccessLogSettings, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, LogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { removalPolicyOf, type StageConfig } from '../stage-config.ts';

/**
 * Nobody known (401), not allowed (403), or a login that is locked after too many tries. A 429 for anything else is a busy
 * caller, not a stranger.
 */
const REFUSED = '{ $.status = "401" || $.status = "403" || ($.status = "429" && $.path = "/api/auth/login*") }';

const refusalMetric = ({ stage }: StageConfig) => ({
  // Metrics have no owner but their name; a stage's name is unique in its account and Region, as its stacks' names are.
  namespace: `cronsaga-${stage}`,
  metricName: 'Refusals',
});

/** Requests and sockets that were turned away, of both APIs. */
export const refusals = (config: StageConfig, period: Duration): Metric =>
  new Metric({ ...refusalMetric(config), period, statistic: Stats.SUM });

/** @param fields names of the line's fields, each with its `$context` variable */
export const accessLogs = (
  scope: Construct,
  config: StageConfig,
  fields: Readonly<Record<string, string>>,
): IAccessLogSettings => {
  const logGroup = new LogGroup(scope, 'AccessLogs', {
    retention: config.logRetentionDays,
    removalPolicy: removalPolicyOf(config),
  });
  const { namespace, metricName } = refusalMetric(config);
  new MetricFilter(scope, 'Refusals', {
    logGroup,
    filterPattern: FilterPattern.literal(REFUSED),
    metricNamespace: namespace,
    metricName,
  });
  return {
    destination: new LogGroupLogDestination(logGroup),
    // Every line is paid by its bytes ($0.50 per GB): a few fields, none of which can carry a token or a payload.
    format: AccessLogFormat.custom(JSON.stringify(fields)),
  };
};
