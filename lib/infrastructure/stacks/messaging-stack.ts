/** Alarms on their way: the queue, the schedules that feed it, and where those go that nobody could deliver. */
import { Aws, Duration, Stack, Validations } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from '../constructs/nag-findings.ts';
import { EXECUTE_TIMEOUT_SECONDS, FUNCTION_TIMEOUT_SECONDS } from '../constructs/service-function.ts';
import type { StageConfig } from '../stage-config.ts';

/** AWS asks for six times the consumer's timeout, so that a throttled batch is not delivered twice meanwhile. */
const VISIBILITY_SECONDS = 6 * FUNCTION_TIMEOUT_SECONDS;

/**
 * The consumer brings a delivery that failed back after 2, 4, 8 … 120 seconds: ten of them outlast a dependency that is
 * broken for ten minutes, so a passing fault kills no alarm, and one that can never be handled is before a person soon.
 * Waiting for a commit (rule A2) counts nothing here: the alarm is sent anew.
 */
const MAX_RECEIVES = 10;

export class MessagingStack extends Stack {
  /** Alarms, up to 15 minutes ahead. */
  readonly alarms: Queue;
  /** Alarms that failed {@link MAX_RECEIVES} times. They can be moved back by SQS itself. */
  readonly failedAlarms: Queue;
  /** Requests of schedules that could not be sent to the alarm queue. */
  readonly undeliveredSchedules: Queue;
  /** Pieces of the table's stream that the totals could not be brought up to date with. */
  readonly uncountedChanges: Queue;
  /** Runs for the function that executes those of the pool without workers. */
  readonly functionRuns: Queue;
  /** Those that the function could not even begin. Their runs are tried again or fail by their own alarms. */
  readonly failedFunctionRuns: Queue;
  /** Those that steps of flows may send to, by their names. */
  readonly stepQueues: Readonly<Record<string, IQueue>>;
  readonly schedules: CfnScheduleGroup;
  /** What EventBridge Scheduler acts as. */
  readonly schedulerRole: Role;
  /** Sending alarms, now or by a schedule. */
  readonly mayArm: ManagedPolicy;
  /** Asking whether the alarm queue answers. */
  readonly mayCheck: ManagedPolicy;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id, {
      description: 'Cronsaga: the alarm queue and its schedules',
      terminationProtection: config.removal === 'retain',
    });

    this.failedAlarms = deadLetters(this, 'FailedAlarms');
    this.undeliveredSchedules = deadLetters(this, 'UndeliveredSchedules');
    this.uncountedChanges = deadLetters(this, 'UncountedChanges');

    this.alarms = new Queue(this, 'Alarms', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(VISIBILITY_SECONDS),
      // The longest that SQS offers: a consumer broken over a long weekend loses no alarm.
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: this.failedAlarms, maxReceiveCount: MAX_RECEIVES },
    });

    this.failedFunctionRuns = deadLetters(this, 'FailedFunctionRuns');
    this.functionRuns = new Queue(this, 'FunctionRuns', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(6 * EXECUTE_TIMEOUT_SECONDS),
      // An order is worth nothing once its run's deadline has passed, which is minutes after it was sent.
      retentionPeriod: Duration.days(1),
      deadLetterQueue: { queue: this.failedFunctionRuns, maxReceiveCount: MAX_RECEIVES },
    });

    this.stepQueues = Object.fromEntries(
      Object.entries(config.stepQueues).map(([name, queue]) => [name, stepQueue(this, `StepQueue-${name}`, queue)]),
    );

    // The L2 group makes up a physical name; left to CloudFormation, two deployments never meet.
    this.schedules = new CfnScheduleGroup(this, 'Schedules');
    this.schedulerRole = new Role(this, 'SchedulerRole', {
      description: 'EventBridge Scheduler sends alarms',
      // Only the account is checked: with aws:SourceArn, CreateSchedule fails at times because IAM is not consistent yet.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    this.schedulerRole.addToPolicy(
      new PolicyStatement({
        actions: ['sqs:SendMessage'],
        resources: [this.alarms.queueArn, this.undeliveredSchedules.queueArn],
      }),
    );

    const schedulesArn = this.formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${this.schedules.ref}/*`,
    });
    this.mayArm = new ManagedPolicy(this, 'MayArm', {
      description: 'Send alarms, now or by a schedule',
      statements: [
        new PolicyStatement({
          actions: ['sqs:SendMessage'],
          resources: [this.alarms.queueArn, this.functionRuns.queueArn],
        }),
        // Nothing deletes a schedule: it deletes itself, and one that its row has outlived is a no-op (rule A2).
        new PolicyStatement({
          actions: ['scheduler:CreateSchedule'],
          resources: [schedulesArn],
        }),
        new PolicyStatement({
          actions: ['iam:PassRole'],
          resources: [this.schedulerRole.roleArn],
          conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
        }),
      ],
    });
    this.mayCheck = new ManagedPolicy(this, 'MayCheck', {
      description: 'Ask whether the alarm queue answers',
      statements: [new PolicyStatement({ actions: ['sqs:GetQueueAttributes'], resources: [this.alarms.queueArn] })],
    });
    acknowledgeWildcard(
      this.mayArm,
      schedulesArn,
      'A schedule is named after a hash of its alarm (rule A4), so its name is not known here. The group holds only ours.',
    );
  }
}

/** Whoever receives from it decides what becomes of a message that it cannot handle. */
const stepQueue = (scope: Construct, id: string, queue: string): IQueue => {
  if (queue !== 'own') {
    return Queue.fromQueueArn(scope, id, queue);
  }
  const own = new Queue(scope, id, { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true });
  const reason = 'It is for whoever tries flows out: nothing of ours receives from it.';
  Validations.of(own).acknowledge({ id: 'AwsSolutions-SQS3', reason }, { id: 'Serverless-SQSRedrivePolicy', reason });
  return own;
};

/** A queue that keeps, for a person, what could not be handled. */
const deadLetters = (scope: Construct, id: string): Queue => {
  const queue = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  const reason = 'It is where failures end: an alarm tells a person of the first message in it.';
  Validations.of(queue).acknowledge({ id: 'AwsSolutions-SQS3', reason }, { id: 'Serverless-SQSRedrivePolicy', reason });
  return queue;
};
