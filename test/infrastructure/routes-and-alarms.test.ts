import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ENTRY_METADATA, REPOSITORY_ROOT } from '../../lib/infrastructure/constructs/service-function.ts';
import { each, ofType, templates, text } from './production.ts';

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
        return [Properties.RouteKey, functions.find(({ id }) => uri.includes(`"${id}"`))?.Metadata[ENTRY_METADATA]];
      }),
    );
  };

  it('of HTTP lead to the API, but for the documentation', () => {
    expect(routesOf('HTTP')).toEqual({
      $default: 'functions/http/api.ts',
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

  it('are open to no other origin', () => {
    expect(ofType('AWS::ApiGatewayV2::Api').filter(({ Properties }) => 'CorsConfiguration' in Properties)).toEqual([]);
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

describe('alarms for people', () => {
  const alarms = each('AWS::CloudWatch::Alarm');
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

  it('reach their topic, although its policy is ours', () => {
    const published = text(ofType('AWS::SNS::TopicPolicy').map(({ Properties }) => Properties));
    expect(published).toContain('"Principal":{"Service":"cloudwatch.amazonaws.com"}');
    expect(ofType('AWS::SNS::Subscription').map(({ Properties }) => Properties)).toMatchObject([
      { Protocol: 'email', Endpoint: 'operator@example.com' },
    ]);
  });
});
