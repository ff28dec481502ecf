import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  CATEGORY_INDEX,
  LISTED_INDEX,
  NAME_INDEX,
  PROJECT_INDEX,
  STATE_INDEX,
  UPDATE_INDEX,
} from '../../lib/adapters/dynamodb/definition-indexes.ts';
import { synthesizeTemplates } from '../../lib/infrastructure/synth-local.ts';
import { app, each, ofType, templates, text } from './production.ts';
import {
  appOf,
  PRODUCTION,
  resourcesOf,
  SYNTH_TIMEOUT_MS,
  scratchDirectory,
  stacksOf,
  templatesOf,
} from './synthesized-stacks.ts';

const PASSING = { name: 'dev', settings: { ...PRODUCTION.settings, removal: 'destroy' } };

const indexesOf = (table: ReturnType<typeof ofType>[number] | undefined) =>
  z
    .array(
      z.object({
        IndexName: z.string(),
        KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.string() })),
        Projection: z.unknown(),
      }),
    )
    .parse(table?.Properties.GlobalSecondaryIndexes)
    .map(({ IndexName, KeySchema, Projection }) => ({
      name: IndexName,
      keys: KeySchema.map((key) => `${key.KeyType} ${key.AttributeName}`),
      Projection,
    }));

describe('names', () => {
  it('are left to CloudFormation, so that two deployments never meet', () => {
    const all = [...templates.values()].flatMap((template) => Object.values(template.Resources));
    const fixed = all.flatMap(({ Type, Properties }) =>
      Object.entries(Properties)
        .filter(([property, value]) => /Name$/.test(property) && typeof value === 'string')
        .map(([property]) => `${Type}.${property}`),
    );
    // A policy's name lives inside its role, a stage's inside its API; labels and names of metrics identify nothing.
    const harmless = [
      'AWS::IAM::Policy.PolicyName',
      'AWS::ApiGatewayV2::Stage.StageName',
      'AWS::ApiGatewayV2::Api.Name',
      'AWS::CloudWatch::Alarm.MetricName',
    ];
    expect(new Set(fixed)).toEqual(new Set(harmless));
  });
});

describe('stacks', { timeout: SYNTH_TIMEOUT_MS }, () => {
  const order = ['Data', 'Messaging', 'Identity', 'Realtime', 'Api', 'Observability'];

  it('are deployed by lifecycle', () => {
    expect([...templates.keys()]).toEqual(order);
  });

  it.each(order)('%s refers only to those before it', (name) => {
    const imports = [...text(templates.get(name)).matchAll(/"Fn::ImportValue":"cronsaga-prod-(\w+):/g)].map(
      ([, from]) => from,
    );
    const later = imports.filter((from) => order.indexOf(from ?? '') >= order.indexOf(name));
    expect(later).toEqual([]);
  });

  it('with something to lose are guarded against deletion, unless the stage may be destroyed', () => {
    const guarded = (of: ReturnType<typeof stacksOf>) =>
      [...of.values()].filter((stack) => stack.terminationProtection).map((stack) => stack.node.id);
    expect(guarded(stacksOf(app))).toEqual(['Data', 'Messaging', 'Identity', 'Realtime', 'Api']);
    expect(guarded(stacksOf(appOf(PASSING)))).toEqual([]);
  });

  it('use only the intrinsic functions that the local runtime resolves', () => {
    const names = [...templates.values()].flatMap(({ Resources, Outputs }) =>
      [
        ...text([Object.values(Resources).map(({ Properties }) => Properties), Outputs]).matchAll(/"(Ref|Fn::\w+)":/g),
      ].map(([, name]) => name),
    );
    expect(new Set(names)).toEqual(new Set(['Fn::GetAtt', 'Fn::ImportValue', 'Fn::Join', 'Fn::Sub', 'Ref']));
  });
});

describe('the tables', { timeout: SYNTH_TIMEOUT_MS }, () => {
  const tables = ofType('AWS::DynamoDB::GlobalTable');
  const [executions] = tables.filter(({ id }) => id.startsWith('Executions'));
  const [definitions] = tables.filter(({ id }) => id.startsWith('Definitions'));

  it('are two', () => {
    expect(tables).toHaveLength(2);
    expect(executions && definitions).toBeDefined();
  });

  it.each(each('AWS::DynamoDB::GlobalTable'))(
    '%s is kept, recoverable and protected, and forgets by TTL',
    (_, table) => {
      expect(table.DeletionPolicy).toBe('Retain');
      expect(table.Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        Replicas: [
          { DeletionProtectionEnabled: true, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
        ],
      });
    },
  );

  it('may go with a stage that says so', () => {
    const passing = resourcesOf(templatesOf(appOf(PASSING)).values(), 'AWS::DynamoDB::GlobalTable');
    expect(passing.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(['Delete', 'Delete']);
    for (const { Properties } of passing) {
      expect(Properties.Replicas).toMatchObject([{ DeletionProtectionEnabled: false }]);
    }
  });

  it('hold definitions under a key in KMS, without a stream that nobody reads', () => {
    expect(definitions?.Properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS' });
    expect(definitions?.Properties).not.toHaveProperty('StreamSpecification');
  });

  it('have the indexes that dispatch and lists read', () => {
    expect(executions?.Properties).toMatchObject({
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    expect(indexesOf(executions)).toEqual([
      {
        name: 'ready',
        keys: ['HASH pool', 'HASH readyShard', 'RANGE queue', 'RANGE priority', 'RANGE dueAt', 'RANGE sk'],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['attempt', 'g', 'fence', 'readyAt'] },
      },
      { name: 'byOrigin', keys: ['HASH origin', 'HASH pk', 'RANGE sk'], Projection: { ProjectionType: 'KEYS_ONLY' } },
      {
        name: 'byStatus',
        keys: ['HASH listedStatus', 'HASH pk', 'RANGE sk'],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
    expect(indexesOf(definitions)).toEqual(
      [
        { name: 'listed', keys: ['HASH list', 'RANGE place'] },
        { name: 'jobsByName', keys: ['HASH list', 'RANGE jobName', 'RANGE place'] },
        { name: 'jobsByUpdate', keys: ['HASH list', 'RANGE jobUpdatedAt', 'RANGE place'] },
        { name: 'jobsByProject', keys: ['HASH list', 'HASH jobProject', 'RANGE place'] },
        { name: 'jobsByCategory', keys: ['HASH list', 'HASH jobCategory', 'RANGE place'] },
        { name: 'jobsByState', keys: ['HASH jobState', 'RANGE place'] },
      ].map((index) => ({ ...index, Projection: { ProjectionType: 'KEYS_ONLY' } })),
    );
  });

  it('have every index that the adapter asks', () => {
    expect(new Set(indexesOf(definitions).map(({ name }) => name))).toEqual(
      new Set([LISTED_INDEX, NAME_INDEX, UPDATE_INDEX, PROJECT_INDEX, CATEGORY_INDEX, STATE_INDEX]),
    );
  });
});

describe('the stage that runs on one machine', { timeout: SYNTH_TIMEOUT_MS }, () => {
  it('is written as templates in the order of their imports, with groups D and E open', () => {
    const outdir = scratchDirectory();
    const files = synthesizeTemplates({ stage: 'local', outdir });
    expect(files.map((file) => /local(Data|Messaging|Identity|Realtime|Api|Observability)/.exec(file)?.[1])).toEqual([
      ...templates.keys(),
    ]);
    expect(files.filter((file) => file.startsWith(outdir))).toHaveLength(files.length);
    const written = files.map((file) => readFileSync(file, 'utf8'));
    expect(written.filter((template) => /"OPEN_GROUPS": "D,E"/.test(template))).toHaveLength(1);
    // Of the API and of identity.
    expect(written.join().match(/"THROTTLE_RATE": "10000",\s+"THROTTLE_BURST": "20000"/g)).toHaveLength(2);
    // Everything comes from one origin there.
    expect(written.join()).not.toContain('CorsConfiguration');
  });
});
