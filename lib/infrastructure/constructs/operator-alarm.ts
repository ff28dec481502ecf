/** A CloudWatch alarm that a person can act on: it says what is wrong, what to do, and where the rest is written. */
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export type OperatorAlarmProps = {
  readonly topic: ITopic;
  readonly metric: IMetric;
  /** It alarms at this value and above. */
  readonly threshold: number;
  /** Periods in a row that must reach the threshold: more than one lets a passing fault go by. */
  readonly periods: number;
  /** Absent: no data is no traffic (an idle system publishes no errors, no ages and, after some hours, no queue metrics). */
  readonly missing?: TreatMissingData;
  readonly wrong: string;
  readonly todo: string;
  /** The heading in docs/runbook.md, as a link names it. */
  readonly runbook: string;
};

export const operatorAlarm = (scope: Construct, id: string, props: OperatorAlarmProps): Alarm => {
  const alarm = new Alarm(scope, id, {
    alarmDescription: `${props.wrong} ${props.todo} RunBook: docs/runbook.md#${props.runbook}`,
    metric: props.metric,
    threshold: props.threshold,
    evaluationPeriods: props.periods,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: props.missing ?? TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(props.topic));
  return alarm;
};
