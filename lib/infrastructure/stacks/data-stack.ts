/**
 * What must outlive everything else: the executions table, and what one may do with it.
 *
 * Keys are `pk` and `sk`; the key builders of the DynamoDB adapter say what they hold. Indexes are hints: the row is
 * checked by a conditional write before anything follows from it.
 */
import { Stack } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { removalPolicyOf, type StageConfig } from '../stage-config.ts';

const pk = { name: 'pk', type: AttributeType.STRING };
const sk = { name: 'sk', type: AttributeType.STRING };

/** Runs that wait for a worker, best first. A row without `readyShard` is not in it, so claiming a run removes it. */
const READY_INDEX = 'ready';
const LIST_INDEXES = ['byHandler', 'byStatus'];
export const INDEXES = [READY_INDEX, ...LIST_INDEXES];

export class DataStack extends Stack {
  readonly executions: TableV2;
  /** Everything the engine does with runs and sessions. */
  readonly mayRun: ManagedPolicy;
  /** Lists by handler and by status. */
  readonly mayList: ManagedPolicy;
  /** Keeping the totals. */
  readonly mayCount: ManagedPolicy;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id, {
      description: 'Cronsaga: the executions table',
      terminationProtection: config.removal === 'retain',
    });

    this.executions = new TableV2(this, 'Executions', {
      partitionKey: pk,
      sortKey: sk,
      billing: Billing.onDemand(),
      // AWS-owned, the only key without a price: an AWS-managed or own key adds $0.03 per 10,000 requests to KMS.
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      // Finished rows only; nothing that happens in time relies on it (deletion may come days late).
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicyOf(config),
      deletionProtection: config.removal === 'retain',
      globalSecondaryIndexes: [
        {
          indexName: READY_INDEX,
          // The handler is a sort key: a worker asks for its own handlers only, a list reads the pool's waiting runs whole.
          partitionKeys: [
            { name: 'pool', type: AttributeType.STRING },
            { name: 'readyShard', type: AttributeType.NUMBER },
          ],
          sortKeys: [
            { name: 'handler', type: AttributeType.STRING },
            { name: 'priority', type: AttributeType.NUMBER },
            { name: 'dueAt', type: AttributeType.NUMBER },
            sk,
          ],
          // What a claim's condition and its alarm need, so that taking a run costs no read of the row.
          projectionType: ProjectionType.INCLUDE,
          nonKeyAttributes: ['attempt', 'g', 'fence', 'readyAt'],
        },
        {
          indexName: 'byHandler',
          // The row's own partition is part of the key: a handler that all runs share would else be one hot partition.
          partitionKeys: [{ name: 'handler', type: AttributeType.STRING }, pk],
          sortKey: sk,
          // Keys alone never change, so a change of status does not write this index; pages fetch their rows.
          projectionType: ProjectionType.KEYS_ONLY,
        },
        {
          indexName: 'byStatus',
          // `listedStatus` is on rows that are scheduled or have failed: the finished are the many, and need no index.
          partitionKeys: [{ name: 'listedStatus', type: AttributeType.STRING }, pk],
          sortKey: sk,
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
    });

    const table = this.executions.tableArn;
    // No Scan anywhere: its cost grows with history.
    this.mayRun = new ManagedPolicy(this, 'MayRun', {
      description: 'Read and change runs and sessions',
      statements: [
        new PolicyStatement({
          actions: [
            'dynamodb:GetItem',
            'dynamodb:BatchGetItem',
            'dynamodb:Query',
            'dynamodb:PutItem',
            'dynamodb:UpdateItem',
            'dynamodb:DeleteItem',
          ],
          resources: [table],
        }),
        new PolicyStatement({ actions: ['dynamodb:Query'], resources: [`${table}/index/${READY_INDEX}`] }),
      ],
    });
    this.mayList = new ManagedPolicy(this, 'MayList', {
      description: 'Page through runs by handler and by status',
      statements: [
        new PolicyStatement({
          actions: ['dynamodb:Query'],
          resources: LIST_INDEXES.map((index) => `${table}/index/${index}`),
        }),
      ],
    });
    this.mayCount = new ManagedPolicy(this, 'MayCount', {
      description: 'Keep the totals',
      statements: [
        new PolicyStatement({
          // Query and DeleteItem: merging what was counted for stream shards that have ended.
          actions: ['dynamodb:Query', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
          resources: [table],
        }),
      ],
    });
  }
}
