import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Operation } from '../../lib/contracts/http/operation.ts';
import { apiOperations, identityOperations } from '../../lib/contracts/http/operations.ts';
import { ENTRY_METADATA, REPOSITORY_ROOT } from '../../lib/infrastructure/constructs/service-function.ts';
import { ofType, templates, text } from './production.ts';
import { appOf, PRODUCTION, type Resource, resourcesOf, SYNTH_TIMEOUT_MS, templatesOf } from './synthesized-stacks.ts';

/** The same stage with a group open, and with origins that may call it. */
const open = templatesOf(
  appOf({
    ...PRODUCTION,
    settings: { ...PRODUCTION.settings, openGroups: ['D', 'E'], corsOrigins: ['https://console.example.com'] },
  }),
);
const ofOpen = (type: string): Resource[] => resourcesOf(open.values(), type);

describe('routes', () => {
  /** `route key → entry of its function`, of the API with the protocol. */
  const routesOf = (protocol: string): Record<string, unknown> => {
    const apis = ofType('AWS::ApiGatewayV2::Api').filter(({ Properties }) => Properties.ProtocolType === protocol);
    const functions = ofType('AWS::Lambda::Function');
    const routes = ofType('AWS::ApiGatewayV2::Route').filter(({ Properties }) =>
      apis.some(({ id }) => text(Properties.ApiId) === text({ Ref: id })),
    );
    return Object.fromEntries(
      routes.map(({ Properties }) => {
        const target = text(Properties.Target);
        const integration = ofType('AWS::ApiGatewayV2::Integration').find(({ id }) =>
          target.includes(`{"Ref":"${id}"}`),
        );
        const uri = text(integration?.Properties.IntegrationUri);
        return [Properties.RouteKey, functions.find(({ id }) => uri.includes(id))?.Metadata[ENTRY_METADATA]];
      }),
    );
  };

  it('of HTTP lead to the API, but for identity and the documentation', () => {
    expect(routesOf('HTTP')).toEqual({
      $default: 'functions/http/api.ts',
      'ANY /api/auth/{proxy+}': 'functions/http/identity.ts',
      'ANY /api/users': 'functions/http/identity.ts',
      'ANY /api/users/{proxy+}': 'functions/http/identity.ts',
      'ANY /api/audit': 'functions/http/identity.ts',
      'ANY /api/audit/{proxy+}': 'functions/http/identity.ts',
      'GET /.well-known/jwks.json': 'functions/http/identity.ts',
      'GET /openapi.json': 'functions/http/docs.ts',
      'GET /swagger': 'functions/http/docs.ts',
      'GET /swagger/{proxy+}': 'functions/http/docs.ts',
    });
  });

  it('of sockets lead to the door, and to the frames behind it', () => {
    expect(routesOf('WEBSOCKET')).toEqual({
      $connect: 'functions/websocket/connect.ts',
      $disconnect: 'functions/websocket/frame.ts',
      $default: 'functions/websocket/frame.ts',
    });
  });

  it('are open to no other origin, unless the stage names it', () => {
    const configured = (apis: readonly Resource[]) =>
      apis.map(({ Properties }) => Properties.CorsConfiguration).filter((cors) => cors !== undefined);
    expect(configured(ofType('AWS::ApiGatewayV2::Api'))).toEqual([]);
    // No credentials: a browser then sends no cookies, and a page has to bring its own token.
    expect(configured(ofOpen('AWS::ApiGatewayV2::Api'))).toEqual([
      {
        AllowOrigins: ['https://console.example.com'],
        AllowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        AllowHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-api-key'],
        ExposeHeaders: ['x-request-id', 'retry-after', 'x-total-count'],
        MaxAge: 7_200,
      },
    ]);
  });

  it('lead each operation to the function that has it', () => {
    const identity = Object.entries(routesOf('HTTP')).filter(([, entry]) => entry === 'functions/http/identity.ts');
    const taken = identity.map(([key]) => {
      const [method, path = ''] = key.split(' ');
      return new RegExp(`^${method === 'ANY' ? '\\w+' : method} ${path.replace('{proxy+}', '.*')}$`);
    });
    const isTaken = ({ method, path }: Operation) => taken.some((route) => route.test(`${method} ${path}`));
    const takenOf = (operations: readonly Operation[]) => operations.filter(isTaken).map(({ id }) => id);
    expect(takenOf(Object.values(identityOperations))).toEqual(Object.keys(identityOperations));
    expect(takenOf(Object.values(apiOperations))).toEqual([]);
  });

  it.each([
    ['$default', { ThrottlingRateLimit: 1_000, ThrottlingBurstLimit: 2_000 }],
    ['ws', { ThrottlingRateLimit: 10_000, ThrottlingBurstLimit: 5_000 }],
  ])('of stage %s are throttled and logged as JSON without anything secret', (name, settings) => {
    const stage = ofType('AWS::ApiGatewayV2::Stage').find(({ Properties }) => Properties.StageName === name);
    expect(stage?.Properties).toMatchObject({ AutoDeploy: true, DefaultRouteSettings: settings });
    const { Format } = z.object({ Format: z.string() }).parse(stage?.Properties.AccessLogSettings);
    expect(JSON.parse(Format)).toHaveProperty('requestId');
    expect(Format).not.toMatch(/header|authorizer|querystring/i);
  });

  it('tell their URLs', () => {
    expect(Object.keys(templates.get('Api')?.Outputs ?? {})).toContain('HttpUrl');
    expect(Object.keys(templates.get('Realtime')?.Outputs ?? {})).toContain('WebSocketUrl');
  });
});

describe('alarms for people', { timeout: SYNTH_TIMEOUT_MS }, () => {
  const alarms = ofOpen('AWS::CloudWatch::Alarm').map((alarm): [string, Resource] => [alarm.id, alarm]);
  const anchorOf = (description: unknown) => /RunBook: docs\/runbook\.md#([a-z-]+)$/.exec(String(description))?.[1];
  const headings = [...readFileSync(join(REPOSITORY_ROOT, 'docs/runbook.md'), 'utf8').matchAll(/^## (.+)$/gm)].map(
    ([, heading]) => (heading ?? '').toLowerCase().replaceAll(' ', '-'),
  );

  it.each(alarms)('%s says what to do, where to read on, and tells someone', (_, { Properties }) => {
    expect(headings).toContain(anchorOf(Properties.AlarmDescription));
    // CloudWatch cuts nothing: a longer description fails the deployment.
    expect(String(Properties.AlarmDescription).length).toBeLessThanOrEqual(1_024);
    expect(Properties.AlarmActions).toHaveLength(1);
  });

  it('are each in the runbook, which has no others', () => {
    const anchors = alarms.map(([, { Properties }]) => anchorOf(Properties.AlarmDescription));
    expect(new Set(anchors)).toEqual(new Set(headings));
  });

  it.each(ofType('AWS::Lambda::Function').map(({ id, Metadata }) => [Metadata[ENTRY_METADATA], id]))(
    'watch %s for errors and throttling',
    (_, id) => {
      const metrics = alarms
        .filter(([, { Properties }]) => text(Properties.Dimensions ?? []).includes(`Ref${id}`))
        .map(([, { Properties }]) => Properties.MetricName);
      expect(metrics).toEqual(expect.arrayContaining(['Errors', 'Throttles']));
    },
  );

  it('tell of open groups as long as there are any, with traffic or without', () => {
    const aboutGroups = (found: readonly Resource[]) => found.filter(({ id }) => id.startsWith('GroupsOpen'));
    expect(aboutGroups(ofType('AWS::CloudWatch::Alarm'))).toEqual([]);
    expect(aboutGroups(ofOpen('AWS::CloudWatch::Alarm'))).toMatchObject([
      {
        Properties: {
          AlarmDescription: expect.stringMatching(/^API groups D, E answer everyone .* openGroups of stage "prod"/),
          ComparisonOperator: 'GreaterThanOrEqualToThreshold',
          Threshold: 0,
          TreatMissingData: 'breaching',
        },
      },
    ]);
  });

  it('tell of refusals that both access logs count', () => {
    const [alarm] = ofType('AWS::CloudWatch::Alarm').filter(({ id }) => id.startsWith('Refusals'));
    const counted = ofType('AWS::Logs::MetricFilter').map(({ Properties }) => Properties.MetricTransformations);
    expect(counted).toHaveLength(2);
    for (const transformations of counted) {
      expect(transformations).toMatchObject([
        {
          MetricNamespace: alarm?.Properties.Namespace,
          MetricName: alarm?.Properties.MetricName,
          MetricValue: '1',
        },
      ]);
    }
    const fields = ofType('AWS::ApiGatewayV2::Stage').map(({ Properties }) => text(Properties.AccessLogSettings));
    expect(fields.filter((format) => format.includes('$context.status'))).toHaveLength(2);
  });

  it('reach their topic, although its policy is ours', () => {
    const published = text(ofType('AWS::SNS::TopicPolicy').map(({ Properties }) => Properties));
    expect(published).toContain('"Principal":{"Service":"cloudwatch.amazonaws.com"}');
    expect(ofType('AWS::SNS::Subscription').map(({ Properties }) => Properties)).toMatchObject([
      { Protocol: 'email', Endpoint: 'operator@example.com' },
    ]);
  });
});
