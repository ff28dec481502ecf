import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGroupsOf, withLocalEnvironment } from '../../../lib/local/environment.ts';
import { REPOSITORY } from '../../../lib/local/stack.ts';
import {
  readApis,
  readEventSources,
  readFunctions,
  readRecurringSources,
  readScheduleGroups,
} from '../../../lib/local/template/application.ts';
import { loadTemplates } from '../../../lib/local/template/load-templates.ts';
import {
  addressText,
  createResolver,
  type Json,
  type NamedTemplate,
  type Resource,
} from '../../../lib/local/template/resolver.ts';
import { declaredAttributes, listResources } from '../../../lib/local/template/resources.ts';
import { fixtureTemplates } from '../fixtures/templates.ts';

const place = { region: 'us-east-1', accountId: '000000000000' };
/** As if the tables and queues had been made. */
const made: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Data/Table': { Ref: 'Data-Table', StreamArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/1' },
  'Data/Work': { Ref: 'http://queue/work', Arn: 'arn:aws:sqs:us-east-1:000000000000:work' },
  'Data/Failed': { Ref: 'http://queue/failed', Arn: 'arn:aws:sqs:us-east-1:000000000000:failed' },
};

const resolverOf = (templates: readonly NamedTemplate[]) => {
  const declared = declaredAttributes(templates, place);
  return createResolver(
    templates,
    place,
    (address, name) => made[addressText(address)]?.[name] ?? declared(address, name),
  );
};
const resourcesOf = (more?: Readonly<Record<string, Resource>>) => {
  const templates = fixtureTemplates(more);
  return listResources(templates, resolverOf(templates));
};
const read = (more?: Readonly<Record<string, Resource>>) => {
  const resources = resourcesOf(more);
  const functions = readFunctions(resources);
  return {
    functions,
    ...readEventSources(resources, functions),
    recurringSources: readRecurringSources(resources, functions),
    ...readApis(resources, functions),
  };
};

/** Fn::Sub writes its names as a template string of JavaScript would. */
const placeholder = (name: string): string => `$\{${name}}`;

describe('intrinsic functions', () => {
  const resolve = resolverOf(fixtureTemplates());

  it.each<[string, Json, Json]>([
    ['Ref', { Ref: 'Sockets' }, 'appsockets'],
    ['a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['Fn::GetAtt', { 'Fn::GetAtt': ['Role', 'Arn'] }, 'arn:aws:iam::000000000000:role/App-Role'],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Role.Arn' }, 'arn:aws:iam::000000000000:role/App-Role'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Partition' }, 3]] }, 'a-aws-3'],
    [
      'Fn::Sub',
      { 'Fn::Sub': `${placeholder('AWS::AccountId')}/${placeholder('Role.Arn')}/${placeholder('!kept')}` },
      `000000000000/arn:aws:iam::000000000000:role/App-Role/${placeholder('kept')}`,
    ],
    [
      'Fn::Sub with names',
      { 'Fn::Sub': [`${placeholder('a')}-${placeholder('Sockets')}`, { a: { Ref: 'AWS::Region' } }] },
      'us-east-1-appsockets',
    ],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
    ['Fn::ImportValue', { 'Fn::ImportValue': 'data:WorkUrl' }, 'http://queue/work'],
    ['an object within a list', [{ a: { Ref: 'AWS::Region' } }], [{ a: 'us-east-1' }]],
  ])('%s', (_name, value, expected) => {
    expect(resolve(value, 'App')).toEqual(expected);
  });

  it.each<[string, Json, RegExp]>([
    ['an unknown function', { 'Fn::GetAZs': '' }, /App: Fn::GetAZs is not supported by the local runtime/],
    ['a condition', { 'Fn::If': ['Prod', 1, 2] }, /Fn::If is not supported/],
    ['an unknown name', { Ref: 'Nobody' }, /App: Ref Nobody: no such resource/],
    ['a name of another stack', { Ref: 'Table' }, /App: Ref Table: no such resource/],
    ['an attribute that there is not', { 'Fn::GetAtt': ['Role', 'RoleId'] }, /Fn::GetAtt Role\.RoleId: AWS::IAM::Role/],
    ['an export that there is not', { 'Fn::ImportValue': 'data:Nothing' }, /no stack exports data:Nothing/],
    ['a place outside the list', { 'Fn::Select': [3, ['a']] }, /Fn::Select finds nothing/],
    ['a list where text is needed', { 'Fn::Join': ['', [['a']]] }, /Fn::Join needs text/],
    ['an argument missing', { 'Fn::Split': ['/'] }, /Fn::Split needs two arguments/],
  ])('%s fails loudly', (_name, value, message) => {
    expect(() => resolve(value, 'App')).toThrow(message);
  });
});

describe('the application', () => {
  it('has its functions with resolved environments', () => {
    const { functions } = read();
    expect(functions.map(({ entry, exportName, timeoutMs }) => ({ entry, exportName, timeoutMs }))).toEqual(
      ['http', 'identity', 'socket', 'queue', 'stream'].map((name) => ({
        entry: `functions/${name}.ts`,
        exportName: 'handler',
        timeoutMs: 10_000,
      })),
    );
    expect(functions[0]?.environment).toEqual({ TABLE_NAME: 'Data-Table', WORK_QUEUE_URL: 'http://queue/work' });
  });

  it('has its event sources', () => {
    const { queueSources, streamSources } = read();
    expect(queueSources).toEqual([
      expect.objectContaining({ batchSize: 10, maxConcurrency: 2, reportsItemFailures: true, batchingWindowMs: 0 }),
    ]);
    expect(streamSources).toEqual([
      expect.objectContaining({
        batchSize: 100,
        bisects: true,
        maxRetries: 3,
        maxRecordAgeMs: Number.POSITIVE_INFINITY,
        tumblingWindowMs: 10_000,
        startingPosition: 'TRIM_HORIZON',
        onFailureArn: 'arn:aws:sqs:us-east-1:000000000000:failed',
      }),
    ]);
  });

  it('has its routes and schedule groups', () => {
    const { functions, http, webSocket } = read();
    expect(http?.routes).toEqual([
      { routeKey: '$default', functionArn: functions[0]?.arn },
      { routeKey: 'ANY /api/auth/{proxy+}', functionArn: functions[1]?.arn },
    ]);
    expect(webSocket).toMatchObject({
      stage: 'local',
      routes: { $connect: functions[2]?.arn, $default: functions[2]?.arn },
    });
    expect(readScheduleGroups(resourcesOf())).toEqual(['Data-Group']);
  });

  it('has the functions that are invoked again and again', () => {
    const { functions, recurringSources } = read();
    expect(recurringSources).toEqual([{ functionArn: functions[3]?.arn, everyMs: 300_000, input: {} }]);
  });

  it('runs on this machine: addresses of its APIs are the gateway, what KMS and the secret hold is given to identity', () => {
    const { functions, http, webSocket } = read();
    expect(functions[1]?.environment).toMatchObject({
      TOKEN_KEYS: 'arn:aws:kms:us-east-1:000000000000:key/App-SigningKey',
      ADMIN_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:App-AdminSecret',
    });
    const admin = { username: 'root', password: 'of this start', email: 'root@example.com' };
    const settings = { apis: { http, webSocket }, region: place.region, port: 8080, admin };
    const [, identity, socket, ...others] = withLocalEnvironment(functions, settings);
    expect(socket?.environment).toEqual({
      TABLE_NAME: 'Data-Table',
      CONNECTIONS_URL: 'http://127.0.0.1:8080/local',
    });
    expect(identity?.environment).toEqual({
      TABLE_NAME: 'Data-Table',
      TOKEN_KEYS: 'local',
      CRONSAGA_ADMIN_USERNAME: 'root',
      CRONSAGA_ADMIN_PASSWORD: 'of this start',
      CRONSAGA_ADMIN_EMAIL: 'root@example.com',
    });
    expect(JSON.stringify(others)).not.toContain('of this start');
    expect(openGroupsOf(functions)).toEqual([]);
  });
});

describe('what the local runtime cannot run stops the start', () => {
  const fn = fixtureTemplates()[1]?.template.Resources.HttpFunction;
  const withProperties = (id: string, properties: Readonly<Record<string, Json>>): Record<string, Resource> => {
    const resource = fixtureTemplates()
      .map(({ template }) => template.Resources[id])
      .find((it) => it !== undefined);
    return { [id]: { Type: '', ...resource, Properties: { ...resource?.Properties, ...properties } } };
  };

  it.each<[string, Readonly<Record<string, Resource>>, RegExp]>([
    [
      'a resource type',
      { Bus: { Type: 'AWS::Events::Rule' } },
      /App\/Bus: the local runtime does not know AWS::Events::Rule/,
    ],
    [
      'a runtime',
      withProperties('HttpFunction', { Runtime: 'python3.14' }),
      /App\/HttpFunction .*a runtime other than Node/,
    ],
    [
      'a property',
      withProperties('HttpFunction', { Layers: ['x'] }),
      /App\/HttpFunction \(AWS::Lambda::Function\).*Layers/,
    ],
    [
      'an authorizer',
      withProperties('HttpDefault', { AuthorizationType: 'JWT' }),
      /App\/HttpDefault .*AuthorizationType/,
    ],
    ['CORS', withProperties('Http', { CorsConfiguration: {} }), /App\/Http .*CorsConfiguration/],
    [
      'a route by content',
      withProperties('Message', { RouteKey: 'hello' }),
      /does not select routes by content \(hello\)/,
    ],
    [
      'a filter on a queue',
      withProperties('QueueSource', { FilterCriteria: { Filters: [] } }),
      /FilterCriteria on a queue/,
    ],
    [
      'a schedule other than a rate',
      withProperties('Recurring', { ScheduleExpression: 'cron(0 2 * * ? *)' }),
      /App\/Recurring .*a schedule of a template other than a rate/,
    ],
    [
      'a flexible time window',
      withProperties('Recurring', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }),
      /App\/Recurring .*FlexibleTimeWindow/,
    ],
    [
      'a schedule of another function',
      withProperties('Recurring', { Target: { Arn: 'arn:aws:lambda:us-east-1:000000000000:function:other' } }),
      /App\/Recurring: no function arn/,
    ],
    [
      'a second HTTP API',
      {
        Second: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
        SecondStage: {
          Type: 'AWS::ApiGatewayV2::Stage',
          Properties: { ApiId: { Ref: 'Second' }, StageName: '$default' },
        },
      },
      /App\/Second: the local gateway serves one HTTP API/,
    ],
    [
      'a function without its source',
      { Bare: { Type: fn?.Type ?? '', ...(fn?.Properties && { Properties: fn.Properties }) } },
      /App\/Bare: no cronsaga:entry/,
    ],
  ])('%s', (_name, more, message) => {
    expect(() => read(more)).toThrow(message);
  });
});

it('the application of this repository can be read, and is synthesised once for one state of its sources', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'cronsaga-templates-'));
  try {
    const templates = await loadTemplates(REPOSITORY, cache);
    expect(templates.length).toBeGreaterThan(0);
    const declared = declaredAttributes(templates, place);
    const resources = listResources(
      templates,
      createResolver(templates, place, (address, name) => declared(address, name) ?? `${addressText(address)}.${name}`),
    );
    const functions = readFunctions(resources);
    const { http, webSocket } = readApis(resources, functions);
    expect(http?.routes.map(({ routeKey }) => routeKey)).toContain('$default');
    expect(Object.keys(webSocket?.routes ?? {})).toContain('$connect');
    const [cached = ''] = readdirSync(cache);
    const marker = [{ stack: 'Cached', template: { Resources: {} } }];
    writeFileSync(join(cache, cached), JSON.stringify(marker));
    expect(await loadTemplates(REPOSITORY, cache)).toEqual(marker);
  } finally {
    rmSync(cache, { recursive: true });
  }
});
