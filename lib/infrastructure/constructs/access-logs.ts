/** One JSON line per request or frame, in a log group with an end to it. */
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { type IAccessLogSettings, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { removalPolicyOf, type StageConfig } from '../stage-config.ts';

/** @param fields names of the line's fields, each with its `$context` variable */
export const accessLogs = (
  scope: Construct,
  config: StageConfig,
  fields: Readonly<Record<string, string>>,
): IAccessLogSettings => ({
  destination: new LogGroupLogDestination(
    new LogGroup(scope, 'AccessLogs', {
      retention: config.logRetentionDays,
      removalPolicy: removalPolicyOf(config),
    }),
  ),
  // Every line is paid by its bytes ($0.50 per GB): a few fields, none of which can carry a token or a payload.
  format: AccessLogFormat.custom(JSON.stringify(fields)),
});
