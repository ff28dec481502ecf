import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { NO_WORKER_TOKEN, parseStageConfig } from '../../lib/infrastructure/stage-config.ts';
import { appOf, PRODUCTION, SYNTH_TIMEOUT_MS, stacksOf } from './synthesized-stacks.ts';

describe('the configuration of a stage', () => {
  it('is shut, kept and affordable by default', () => {
    expect(parseStageConfig('prod', {})).toEqual({
      stage: 'prod',
      removal: 'retain',
      openGroups: [],
      workerTokenSha256: NO_WORKER_TOKEN,
      poolShards: {},
      runRetentionDays: 30,
      logRetentionDays: 30,
      logLevel: 'info',
      httpThrottle: { ratePerSecond: 1_000, burst: 2_000 },
      alarmConcurrency: 100,
    });
  });

  it('lists every mistake by its path', () => {
    const settings = {
      account: '12',
      region: 'Frankfurt',
      removal: 'keep',
      openGroups: ['D', 'Z'],
      workerTokenSha256: 'secret',
      poolShards: { default: { sessions: 0 } },
      runRetentionDays: 0,
      logRetentionDays: 6,
      logLevel: 'loud',
      alarmEmail: 'me',
      httpThrottle: { ratePerSecond: 10 },
      alarmConcurrency: 1,
      colour: 'blue',
    };
    const paths = [
      'account: an account is 12 digits',
      'region: a Region looks like eu-central-1',
      'removal:',
      'openGroups.1:',
      'workerTokenSha256: the SHA-256 of the worker token is 64 hexadecimal digits',
      'poolShards.default.sessions:',
      'runRetentionDays:',
      'logRetentionDays: CloudWatch Logs keeps events for 1, 3, 5, 7, 14, 30,',
      'logLevel:',
      'alarmEmail:',
      'httpThrottle.burst:',
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

  it('says how to add a stage that is not there', () => {
    expect(() => parseStageConfig('prod', undefined)).toThrow('add "prod": {} to context.stages in cdk.json');
  });
});

describe('what a stage warns of', { timeout: SYNTH_TIMEOUT_MS }, () => {
  const warning = (text: string) => Match.stringLikeRegexp(text);

  it('tells that no worker can connect and that a group is open', () => {
    const stacks = stacksOf(appOf({ name: 'dev', settings: { openGroups: ['D'] } }));
    const [realtime, api] = [stacks.get('Realtime'), stacks.get('Api')];
    expect.assert(realtime !== undefined && api !== undefined);
    Annotations.fromStack(realtime).hasWarning('*', warning('no worker can connect'));
    Annotations.fromStack(api).hasWarning('*', warning('answer everyone on the internet'));
  });

  it.each([
    ['a stage with a token and shut groups', PRODUCTION],
    ['the local stage', { name: 'local', settings: { openGroups: ['D'] } }],
  ])('has nothing to say about %s', (_, stage) => {
    for (const stack of stacksOf(appOf(stage)).values()) {
      Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
    }
  });
});
