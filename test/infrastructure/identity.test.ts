import { describe, expect, it } from 'vitest';
import { categoryCodeKey, WORKER_COUNT, workerKey, workerNameKey } from '../../lib/adapters/dynamodb/fleet/keys.ts';
import { throttleKey } from '../../lib/adapters/dynamodb/identity/keys.ts';
import { JOB_TALLY, jobNameKey } from '../../lib/adapters/dynamodb/jobs/keys.ts';
import { connectionKey, idempotencyKey, runKey } from '../../lib/adapters/dynamodb/keys.ts';
import { DEFINITION_PARTITIONS } from '../../lib/contracts/definitions-table.ts';
import { ENTRY_METADATA } from '../../lib/infrastructure/constructs/service-function.ts';
import { each, ofType, text } from './production.ts';
import { allStatements, isAllowed, roleOf, type Statement, statementsIn, statementsOf } from './roles.ts';
import { appOf, PRODUCTION, resourcesOf, SYNTH_TIMEOUT_MS, templatesOf } from './synthesized-stacks.ts';

const IDENTITY = 'functions/http/identity.ts';
const ENTRIES = ofType('AWS::Lambda::Function').map(({ Metadata }) => String(Metadata[ENTRY_METADATA]));

const READING = ['GetItem', 'BatchGetItem', 'Query', 'Scan'];
const WRITING = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'PartiQLUpdate', 'ConditionCheckItem'];
const ACTIONS = [...READING, ...WRITING];

const keyIn = (partition: string): string => (partition.endsWith('#') ? `${partition}17` : partition);

/** What a role may do in each kind of partition; nothing where a kind is missing. */
const grantedIn = (
  statements: readonly Statement[],
  table: 'Executions' | 'Definitions',
  partitions: Readonly<Record<string, string>>,
): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(partitions)
      .map(([name, partition]): [string, string[]] => [
        name,
        ACTIONS.filter((action) => isAllowed(statements, action, table, [keyIn(partition)])),
      ])
      .filter(([, granted]) => granted.length > 0),
  );

describe('what a function may do with definitions', () => {
  const LOOK_UP = ['GetItem', 'BatchGetItem'];
  const AUDIT = ['GetItem', 'Query', 'PutItem'];
  const ALL = ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'];
  const WHO_IS_IT = { user: LOOK_UP, login: LOOK_UP, apiKey: LOOK_UP, publicKeys: LOOK_UP, audit: AUDIT };
  const DEFINES = { job: ALL, name: ALL, word: ALL, definitionCounts: ALL, worker: ALL, category: ALL, flow: ALL };
  const READ = ['GetItem', 'BatchGetItem', 'Query'];
  const REGISTER = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'];
  const identity = Object.keys(DEFINITION_PARTITIONS).filter((name) => !(name in DEFINES));
  const RECORDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'functions/http/api.ts': { ...WHO_IS_IT, ...DEFINES },
    'functions/websocket/connect.ts': WHO_IS_IT,
    'functions/websocket/frame.ts': { ...WHO_IS_IT, job: READ, flow: READ, category: READ, worker: REGISTER },
    [IDENTITY]: { ...Object.fromEntries(identity.map((name) => [name, ALL])), audit: AUDIT },
  };
  const EXPECTED: typeof RECORDS = {
    ...RECORDS,
    'functions/queue/alarms.ts': DEFINES,
    'functions/queue/execute.ts': { job: READ, flow: READ, category: READ },
    'functions/schedule/reconcile.ts': DEFINES,
  };

  it.each(ENTRIES)('%s', (entry) => {
    expect(grantedIn(statementsOf(entry), 'Definitions', DEFINITION_PARTITIONS)).toEqual(EXPECTED[entry] ?? {});
  });

  it('lets frames register workers, and nothing else that has a name or is counted', () => {
    const frame = statementsOf('functions/websocket/frame.ts');
    const may = (action: string, key: string) => isAllowed(frame, action, 'Definitions', [key]);
    for (const { pk } of [workerNameKey('w'), WORKER_COUNT, workerKey('w')]) {
      expect(may('PutItem', pk), pk).toBe(true);
    }
    expect(may('GetItem', categoryCodeKey('db').pk)).toBe(true);
    for (const pk of [categoryCodeKey('db').pk, jobNameKey({ project: 'p', name: 'n' }).pk, JOB_TALLY, 'WORD#JOB#a']) {
      expect(may('PutItem', pk), pk).toBe(false);
    }
  });

  it('ends at its partitions, also for a batch and for a request that names none', () => {
    const frame = statementsOf('functions/websocket/frame.ts');
    const mayRead = (...keys: string[]) => isAllowed(frame, 'BatchGetItem', 'Definitions', keys);
    expect(mayRead('USER#1', 'API_KEY#1')).toBe(true);
    expect(mayRead('USER#1', 'UNIQUE#alice')).toBe(false);
    expect(mayRead('USERS')).toBe(false);
    expect(mayRead()).toBe(false);
  });

  it.each(Object.keys(RECORDS))('never includes rewriting the audit log, whatever else %s is given', (entry) => {
    const generous: Statement = { Effect: 'Allow', Action: ['dynamodb:*'], Resource: ['*'], Condition: {} };
    const statements = [...statementsOf(entry), generous];
    for (const action of ['UpdateItem', 'DeleteItem', 'BatchWriteItem', 'PartiQLUpdate', 'PartiQLDelete']) {
      expect(isAllowed(statements, action, 'Definitions', ['AUDIT'])).toBe(false);
      expect(isAllowed(statements, action, 'Definitions', ['USER#1', 'AUDIT'])).toBe(false);
      expect(isAllowed(statements, action, 'Definitions', ['USER#1'])).toBe(true);
    }
  });
});

describe('what a function that runs nothing may do with executions', () => {
  /** As the adapter makes them, so that a role cannot miss its rows. */
  const ROWS = {
    run: runKey('17').pk,
    connection: connectionKey('17').pk,
    throttle: throttleKey('key:17').pk,
    idempotency: idempotencyKey('17').pk,
  };

  it.each([
    ['functions/websocket/connect.ts', { connection: ['PutItem'] }],
    [IDENTITY, { throttle: ['UpdateItem'] }],
    ['functions/http/docs.ts', {}],
  ])('%s', (entry, expected) => {
    expect(grantedIn(statementsOf(entry), 'Executions', ROWS)).toEqual(expected);
  });
});

describe('tokens', () => {
  const keys = each('AWS::KMS::Key');

  it('are signed by keys of their own kind, which outlive the stack', () => {
    expect(keys).toHaveLength(1);
    for (const [, key] of keys) {
      expect(key.Properties).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
      expect(key.DeletionPolicy).toBe('Retain');
    }
  });

  it.each(ENTRIES)('are not signed by %s, unless it is identity', (entry) => {
    const kms = statementsOf(entry).filter(({ Action }) => Action.some((action) => /^(kms:|\*)/.test(action)));
    expect(kms).toEqual(
      entry === IDENTITY
        ? [
            {
              Effect: 'Allow',
              Action: ['kms:GetPublicKey', 'kms:Sign'],
              Resource: keys.map(([id]) => ({ 'Fn::GetAtt': [id, 'Arn'] })),
              Condition: {},
            },
          ]
        : [],
    );
  });

  it('are signed by one role in all templates', () => {
    expect(allStatements().filter(({ Action }) => Action.includes('kms:Sign'))).toHaveLength(1);
  });

  it.each(keys)('are not signed with %s by an administrator either', (_, { Properties }) => {
    const [administer, ...others] = statementsIn(Properties.KeyPolicy);
    expect(administer).toMatchObject({ Effect: 'Allow', Action: ['kms:*'] });
    expect(text(administer?.Principal)).toContain(':root');
    expect(others).toEqual([
      {
        Effect: 'Deny',
        Principal: '*',
        Action: ['kms:Sign'],
        Resource: ['*'],
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': [roleOf(IDENTITY), 'Arn'] } } },
      },
    ]);
  });

  it('get a second key in front of the first, which stays as it is', { timeout: SYNTH_TIMEOUT_MS }, () => {
    const rotating = appOf({ ...PRODUCTION, settings: { ...PRODUCTION.settings, tokenKeys: ['b', 'a'] } });
    const templates = [...templatesOf(rotating).values()];
    const after = new Map(resourcesOf(templates, 'AWS::KMS::Key').map((key) => [key.id, key]));
    expect(after.size).toBe(2);
    for (const [id, key] of keys) {
      expect(after.get(id)).toEqual(key);
      after.delete(id);
    }
    const [added] = after.keys();
    const [identity] = resourcesOf(templates, 'AWS::Lambda::Function').filter(
      ({ Metadata }) => Metadata[ENTRY_METADATA] === IDENTITY,
    );
    const order = [...text(identity?.Properties.Environment).matchAll(/"Fn::GetAtt":\["(TokenKey\w+)","Arn"\]/g)];
    expect(order.map(([, id]) => id)).toEqual([added, keys[0]?.[0]]);
  });
});

describe("the first admin's password", () => {
  it('is made by AWS, kept with the stage, and read by identity alone', () => {
    expect(ofType('AWS::SecretsManager::Secret')).toMatchObject([
      {
        Properties: {
          GenerateSecretString: {
            GenerateStringKey: 'password',
            PasswordLength: 32,
            SecretStringTemplate: '{"username":"admin","email":"admin@example.com"}',
          },
        },
        DeletionPolicy: 'Retain',
      },
    ]);
    const readers = ENTRIES.filter((entry) => /"secretsmanager:/.test(text(statementsOf(entry))));
    expect(readers).toEqual([IDENTITY]);
  });
});
