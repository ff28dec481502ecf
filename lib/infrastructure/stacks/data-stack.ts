/**
 * What must outlive everything else: the two tables, and what one may do with them. *Executions* holds what happens and
 * passes: runs, sessions, counters, logs, leases. *Definitions* holds what is meant to stay: jobs, workers, categories,
 * users, API keys, the audit log.
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
import type { Construct } from 'constructs';
import { removalPolicyOf, type StageConfig } from '../stage-config.ts';
import {
  DEFINITION_INDEXES,
  definitionPolicies,
  executionPolicies,
  ORIGIN_INDEX,
  READY_INDEX,
  STATUS_INDEX,
} from './data-policies.ts';

const pk = { name: 'pk', type: AttributeType.STRING };
const sk = { name: 'sk', type: AttributeType.STRING };

const NUMBERS = ['jobUpdatedAt'];
const attributeTypeOf = (name: string): AttributeType =>
  NUMBERS.includes(name) ? AttributeType.NUMBER : AttributeType.STRING;

/** What both tables have in common. */
const tableOf = (config: StageConfig) => ({
  partitionKey: pk,
  sortKey: sk,
  billing: Billing.onDemand(),
  // Rows that are over; nothing that happens in time relies on it (deletion may come days late).
  timeToLiveAttribute: 'ttl',
  pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
  removalPolicy: removalPolicyOf(config),
  deletionProtection: config.removal === 'retain',
});

export class DataStack extends Stack {
  readonly executions: TableV2;
  readonly definitions: TableV2;
  readonly policies: ReturnType<typeof executionPolicies> & ReturnType<typeof definitionPolicies>;

  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id, {
      description: 'Cronsaga: the tables',
      terminationProtection: config.removal === 'retain',
    });

    this.executions = new TableV2(this, 'Executions', {
      ...tableOf(config),
      // AWS-owned, the only key without a price: an AWS-managed or own key adds $0.03 per 10,000 requests to KMS.
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      globalSecondaryIndexes: [
        {
          indexName: READY_INDEX,
          // The queue is a sort key: a worker asks for its own queues only, a list reads the pool's waiting runs whole.
          partitionKeys: [
            { name: 'pool', type: AttributeType.STRING },
            { name: 'readyShard', type: AttributeType.NUMBER },
          ],
          sortKeys: [
            { name: 'queue', type: AttributeType.STRING },
            { name: 'priority', type: AttributeType.NUMBER },
            { name: 'dueAt', type: AttributeType.NUMBER },
            sk,
          ],
          // What a claim's condition and its alarm need, so that taking a run costs no read of the row.
          projectionType: ProjectionType.INCLUDE,
          nonKeyAttributes: ['attempt', 'g', 'fence', 'readyAt'],
        },
        {
          indexName: ORIGIN_INDEX,
          // The handler of a run that was submitted, the job of one that was fired. The row's own partition is part of the
          // key: a handler that all runs share would else be one hot partition.
          partitionKeys: [{ name: 'origin', type: AttributeType.STRING }, pk],
          sortKey: sk,
          // Keys alone never change, so a change of status does not write this index; pages fetch their rows.
          projectionType: ProjectionType.KEYS_ONLY,
        },
        {
          indexName: STATUS_INDEX,
          // `listedStatus` is on rows that are scheduled or have failed: the finished are the many, and need no index.
          partitionKeys: [{ name: 'listedStatus', type: AttributeType.STRING }, pk],
          sortKey: sk,
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
    });

    this.definitions = new TableV2(this, 'Definitions', {
      ...tableOf(config),
      // Hashes of passwords and keys: under a key in KMS, so that CloudTrail shows its use. DynamoDB keeps the table's key
      // for each caller for five minutes, so the requests to KMS ($0.03 per 10,000) are cents.
      encryption: TableEncryptionV2.awsManagedKey(),
      // A fire changes none of these attributes, and keys are all that is projected: so a fire writes no index.
      globalSecondaryIndexes: Object.entries(DEFINITION_INDEXES).map(([indexName, { partition, sort }]) => ({
        indexName,
        partitionKeys: partition.map((name) => ({ name, type: AttributeType.STRING })),
        sortKeys: sort.map((name) => ({ name, type: attributeTypeOf(name) })),
        projectionType: ProjectionType.KEYS_ONLY,
      })),
    });

    this.policies = {
      ...executionPolicies(this, this.executions),
      ...definitionPolicies(this, this.definitions),
    };
  }
}
