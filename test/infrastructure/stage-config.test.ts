import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { parseStageConfig } from '../../lib/infrastructure/stage-config.ts';
import { appOf, PRODUCTION, SYNTH_TIMEOUT_MS, stacksOf } from './synthesized-stacks.ts';

describe('the configuration of a stage', () => {
  it('is shut, kept and affordable by default', () => {
    expect(parseStageConfig('prod', {})).toEqual({
      stage: 'prod',
      removal: 'retain',
      openGroups: [],
      corsOrigins: [],
      tokenKeys: ['a'],
      issuers: [],
      stepQueues: {},
      poolShards: {},
      runRetentionDays: 30,
      closedMetrics: false,
      priorityAgeingMinutes: 10,
      logRetentionDays: 30,
      logLevel: 'info',
      httpThrottle: { ratePerSecond: 1_000, burst: 2_000 },
      principalThrottle: { ratePerSecond: 100, burst: 500 },
      alarmConcurrency: 100,
    });
  });

  it('lists every mistake by its path', () => {
    const settings = {
      account: '12',
      region: 'Frankfurt',
      removal: 'keep',
      openGroups: ['D', 'C'],
      corsOrigins: ['https://a.example', '*'],
      tokenKeys: ['a', 'b', 'c'],
      issuers: [{ issuer: 'http://a.example', audience: ['x'], roleClaim: 'role', roles: {} }],
      stepQueues: { orders: 'orders' },
      poolShards: { default: { sessions: 0 } },
      runRetentionDays: 0,
      logRetentionDays: 6,
      logLevel: 'loud',
      alarmEmail: 'me',
      httpThrottle: { ratePerSecond: 10 },
      principalThrottle: { ratePerSecond: 0, burst: 1 },
      alarmConcurrency: 1,
      colour: 'blue',
    };
    const paths = [
      'account: an account is 12 digits',
      'region: a Region looks like eu-central-1',
      'removal:',
      'openGroups.1: only D, E can be open',
      'corsOrigins.1: an origin is https://host',
      'tokenKeys: two keys at the most',
      'issuers.0.issuer:',
      'stepQueues.orders: a queue is "own", or an ARN like arn:aws:sqs:eu-central-1:123456789012:orders',
      'poolShards.default.sessions:',
      'runRetentionDays:',
      'logRetentionDays: CloudWatch Logs keeps events for 1, 3, 5, 7, 14, 30,',
      'logLevel:',
      'alarmEmail:',
      'httpThrottle.burst:',
      'principalThrottle.ratePerSecond:',
      'alarmConcurrency:',
    ];
    let message = '';
    try {
      parseStageConfig('dev', settings);
    } catch (error) {
      message = String(error);
    }
    for (const path of paths) {
      expect(message).toContain(`  stages.dev.${path}`);
    }
    expect(message).toContain('"colour"');
    expect(message.split('\n')).toHaveLength(1 + paths.length + 1);
  });

  it.each([
    [undefined, /stage: is not set/],
    ['Prod', /stage: is up to 20 of a-z/],
    ['a'.repeat(21), /stage: is up to 20/],
  ])('refuses the stage name %s', (name, message) => {
    expect(() => parseStageConfig(name, {})).toThrow(message);
  });

  it.each([
    ['https://console.example.com', true],
    ['https://console.example.com:8443', true],
    ['http://localhost', true],
    ['http://localhost:5173', true],
    ['http://console.example.com', false],
    ['http://localhost.example.com', false],
    ['https://console.example.com/', false],
    ['https://console.example.com/app', false],
    ['https://Console.example.com', false],
    ['https://console.example.com:443', false],
    ['https://*.example.com', false],
    ['https://user@console.example.com', false],
    ['null', false],
    ['*', false],
  ])('takes %s for an origin: %s', (origin, taken) => {
    const parse = () => parseStageConfig('dev', { corsOrigins: [origin] });
    if (taken) {
      expect(parse().corsOrigins).toEqual([origin]);
    } else {
      expect(parse).toThrow('corsOrigins.0: an origin is https://host');
    }
  });

  it.each([
    [[], 'one key at least'],
    [['a', 'a'], 'given twice'],
    [['a-b'], 'tokenKeys.0: a name is up to 20 of a-z'],
  ])('refuses the keys %j', (tokenKeys, message) => {
    expect(() => parseStageConfig('dev', { tokenKeys })).toThrow(message);
  });

  it('refuses issuers that are the same, or more than fit', () => {
    const issuer = (host: string) => ({
      issuer: `https://${host}`,
      audience: ['app'],
      roleClaim: 'groups',
      roles: { ops: 'admin' },
    });
    expect(() => parseStageConfig('dev', { issuers: [issuer('a.example'), issuer('a.example')] })).toThrow(
      'issuers: an issuer is given twice',
    );
    const many = Array.from({ length: 30 }, (_, at) => issuer(`a${at}.example`));
    expect(() => parseStageConfig('dev', { issuers: many })).toThrow('issuers: all issuers together may take');
  });

  it('knows no worker token any more: workers bring API keys', () => {
    expect(() => parseStageConfig('dev', { workerTokenSha256: '0'.repeat(64) })).toThrow('"workerTokenSha256"');
  });

  it('says how to add a stage that is not there', () => {
    expect(() => parseStageConfig('prod', undefined)).toThrow('add "prod": {} to context.stages in cdk.json');
  });
});

describe('what a stage warns of', { timeout: SYNTH_TIMEOUT_MS }, () => {
  const warning = (text: string) => Match.stringLikeRegexp(text);

  it('tells that a group is open', () => {
    const api = stacksOf(appOf({ name: 'dev', settings: { openGroups: ['D'] } })).get('Api');
    expect.assert(api !== undefined);
    Annotations.fromStack(api).hasWarning('*', warning('answer everyone on the internet'));
  });

  it.each([
    ['a stage with shut groups', PRODUCTION],
    ['the local stage', { name: 'local', settings: { openGroups: ['D', 'E'] } }],
  ])('has nothing to say about %s', (_, stage) => {
    for (const stack of stacksOf(appOf(stage)).values()) {
      Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
    }
  });
});
