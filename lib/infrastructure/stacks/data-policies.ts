/**
 * What one may do with the tables, in pieces that a function's role is put together from. No piece holds Scan: its cost
 * grows with history. A transaction is authorised by the actions that it is made of.
 */
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { DEFINITION_PARTITIONS } from '../../contracts/definitions-table.ts';
import { EXECUTION_PARTITIONS } from '../../contracts/executions-table.ts';
import { inPartitions, touchingPartition } from '../constructs/leading-keys.ts';

/** Runs that wait for a worker, best first. A row without `readyShard` is not in it, so claiming a run removes it. */
export const READY_INDEX = 'ready';
export const ORIGIN_INDEX = 'byOrigin';
export const STATUS_INDEX = 'byStatus';
const LIST_INDEXES = [ORIGIN_INDEX, STATUS_INDEX];
export const INDEXES = [READY_INDEX, ...LIST_INDEXES];

/**
 * Lists of jobs, workers, categories and flows. `list` names the list that a row is in; the other attributes are on jobs alone, so
 * that nothing else of the table comes into an index.
 */
export const DEFINITION_INDEXES = {
  listed: { partition: ['list'], sort: ['place'] },
  jobsByName: { partition: ['list'], sort: ['jobName', 'place'] },
  jobsByUpdate: { partition: ['list'], sort: ['jobUpdatedAt', 'place'] },
  jobsByProject: { partition: ['list', 'jobProject'], sort: ['place'] },
  jobsByCategory: { partition: ['list', 'jobCategory'], sort: ['place'] },
  jobsByState: { partition: ['jobState'], sort: ['place'] },
};
const LISTED_INDEX = 'listed' satisfies keyof typeof DEFINITION_INDEXES;
/** Every change of a job's definition writes it, each creation like all the others: none is throttled before it. */
export const BUSIEST_DEFINITION_INDEX = 'jobsByUpdate' satisfies keyof typeof DEFINITION_INDEXES;

/** Changing what is there, singly or in a batch, by the API or by PartiQL. */
const REWRITING = ['UpdateItem', 'DeleteItem', 'BatchWriteItem', 'PartiQLUpdate', 'PartiQLDelete'];

const actions = (...names: readonly string[]): string[] => names.map((name) => `dynamodb:${name}`);

export const executionPolicies = (scope: Construct, { tableArn }: TableV2) => ({
  /** Everything the engine does with runs, sessions and transactions. */
  mayRun: new ManagedPolicy(scope, 'MayRun', {
    description: 'Read and change runs and sessions',
    statements: [
      new PolicyStatement({
        actions: actions('GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'),
        resources: [tableArn],
      }),
      new PolicyStatement({ actions: actions('Query'), resources: [`${tableArn}/index/${READY_INDEX}`] }),
      // What a socket was opened with is noted by `$connect` alone: whoever runs the engine adds to that row, and makes none.
      new PolicyStatement({
        effect: Effect.DENY,
        actions: actions('PutItem', 'BatchWriteItem', 'PartiQLInsert'),
        resources: [tableArn],
        conditions: touchingPartition(EXECUTION_PARTITIONS.connection),
      }),
    ],
  }),
  /** Lists by handler and by status. */
  mayList: new ManagedPolicy(scope, 'MayList', {
    description: 'Page through runs by handler and by status',
    statements: [
      new PolicyStatement({
        actions: actions('Query'),
        resources: LIST_INDEXES.map((index) => `${tableArn}/index/${index}`),
      }),
    ],
  }),
  /** Keeping the totals. */
  mayCount: new ManagedPolicy(scope, 'MayCount', {
    description: 'Keep the totals',
    statements: [
      new PolicyStatement({
        // Query and DeleteItem: merging what was counted for stream shards that have ended.
        actions: actions('Query', 'UpdateItem', 'DeleteItem'),
        resources: [tableArn],
      }),
    ],
  }),
  /** Remembering which key a socket was opened with. */
  mayAdmit: new ManagedPolicy(scope, 'MayAdmit', {
    description: "Note what workers' sockets were opened with",
    statements: [
      new PolicyStatement({
        actions: actions('PutItem'),
        resources: [tableArn],
        conditions: inPartitions([EXECUTION_PARTITIONS.connection]),
      }),
    ],
  }),
  /** Holding callers to their rate, for a function that runs nothing. */
  mayThrottle: new ManagedPolicy(scope, 'MayThrottle', {
    description: 'Count requests of callers',
    statements: [
      new PolicyStatement({
        actions: actions('UpdateItem'),
        resources: [tableArn],
        conditions: inPartitions([EXECUTION_PARTITIONS.throttle]),
      }),
    ],
  }),
});

export const definitionPolicies = (scope: Construct, { tableArn }: TableV2) => {
  const { audit, idempotency, job, name, word, definitionCounts, worker, category, flow, ...identity } =
    DEFINITION_PARTITIONS;
  const defined = [job, name, word, definitionCounts, worker, category, flow];
  return {
    /** Looking up whose credential it is. */
    mayAuthenticate: new ManagedPolicy(scope, 'MayAuthenticate', {
      description: 'Look up credentials and who they belong to',
      statements: [
        new PolicyStatement({
          actions: actions('GetItem', 'BatchGetItem'),
          resources: [tableArn],
          conditions: inPartitions([identity.user, identity.login, identity.apiKey, identity.publicKeys]),
        }),
      ],
    }),
    /**
     * Reading the audit log and adding to it. IAM cannot ask for the condition that keeps a Put from replacing an entry;
     * the adapter sets it, and the chain of hashes shows where somebody did not.
     */
    mayAudit: new ManagedPolicy(scope, 'MayAudit', {
      description: 'Read the audit log and add to it',
      statements: [
        new PolicyStatement({
          actions: actions('GetItem', 'Query', 'PutItem'),
          resources: [tableArn],
          conditions: inPartitions([audit]),
        }),
        // Nobody is allowed this; the Deny also outlasts a policy that is too generous some day.
        new PolicyStatement({
          effect: Effect.DENY,
          actions: actions(...REWRITING),
          resources: [tableArn],
          conditions: touchingPartition(audit),
        }),
      ],
    }),
    /** Everything about users, logins and API keys. */
    mayManageIdentity: new ManagedPolicy(scope, 'MayManageIdentity', {
      description: 'Read and change users, logins and API keys',
      statements: [
        new PolicyStatement({
          actions: actions(...['GetItem', 'BatchGetItem', 'Query'], ...['PutItem', 'UpdateItem', 'DeleteItem']),
          resources: [tableArn],
          conditions: inPartitions([...Object.values(identity), idempotency]),
        }),
      ],
    }),
    /** What it takes to execute a run, and to go on after it: the version of its job or flow, and the scripts of its category. */
    mayReadJobs: new ManagedPolicy(scope, 'MayReadJobs', {
      description: 'Read jobs and categories',
      statements: [
        new PolicyStatement({
          actions: actions('GetItem', 'BatchGetItem', 'Query'),
          resources: [tableArn],
          conditions: inPartitions([job, flow, category, `${name}CATEGORY`]),
        }),
        // All categories, for a worker that serves all.
        new PolicyStatement({ actions: actions('Query'), resources: [`${tableArn}/index/${LISTED_INDEX}`] }),
      ],
    }),
    /** Noting a worker that says hello among the registered. */
    mayRegister: new ManagedPolicy(scope, 'MayRegister', {
      description: 'Register workers',
      statements: [
        new PolicyStatement({
          actions: actions('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
          resources: [tableArn],
          conditions: inPartitions([worker, `${name}WORKER`, `${definitionCounts}WORKER`]),
        }),
      ],
    }),
    /**
     * Everything about jobs, workers, categories and flows, for whatever runs the engine. A query of an index is bound by the index
     * alone: `dynamodb:LeadingKeys` would be the index's keys there, which nothing but these rows has.
     */
    mayDefine: new ManagedPolicy(scope, 'MayDefine', {
      description: 'Read and change jobs, workers and categories',
      statements: [
        new PolicyStatement({
          actions: actions(...['GetItem', 'BatchGetItem', 'Query'], ...['PutItem', 'UpdateItem', 'DeleteItem']),
          resources: [tableArn],
          conditions: inPartitions(defined),
        }),
        new PolicyStatement({
          actions: actions('Query'),
          resources: Object.keys(DEFINITION_INDEXES).map((index) => `${tableArn}/index/${index}`),
        }),
      ],
    }),
  };
};
