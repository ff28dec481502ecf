import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { appOf, PRODUCTION, SYNTH_TIMEOUT_MS, stacksOf } from './synthesized-stacks.ts';

const packs: readonly [string, () => NagPack][] = [
  ['AwsSolutions', () => new AwsSolutionsChecks()],
  ['Serverless', () => new ServerlessChecks()],
];
/** Findings carry the ARN as the template writes it, which changes with what is known of the environment. */
const environments = [
  ['of no fixed environment', {}],
  ['in one account and Region', { account: '123456789012', region: 'eu-central-1' }],
  [
    'whose steps send to queues',
    { stepQueues: { demo: 'own', orders: 'arn:aws:sqs:eu-central-1:123456789012:orders.fifo' } },
  ],
  ['in China', { account: '123456789012', region: 'cn-north-1' }],
] as const;

describe.each(packs)('%s', { timeout: SYNTH_TIMEOUT_MS }, (_, pack) => {
  it.each(environments)('finds nothing unexplained in a stage %s', (__, environment) => {
    const app = appOf({ ...PRODUCTION, settings: { ...PRODUCTION.settings, ...environment } });
    expect(pack().validateScope(app).violations).toEqual([]);
  });

  it('does find what is not explained', () => {
    const app = appOf(PRODUCTION);
    const data = stacksOf(app).get('Data');
    expect.assert(data !== undefined);
    new Queue(data, 'Careless');
    const found = pack()
      .validateScope(app)
      .violations.flatMap((violation) => violation.violatingResources);
    expect(found.map((resource) => resource.constructPath)).toContain('prod/Data/Careless/Resource');
  });
});
