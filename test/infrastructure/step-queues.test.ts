/** The queues that steps of flows may send to: of the function that executes such steps alone. */
import { describe, expect, it } from 'vitest';
import { ENTRY_METADATA } from '../../lib/infrastructure/constructs/service-function.ts';
import { parseStageConfig } from '../../lib/infrastructure/stage-config.ts';
import { appOf, PRODUCTION, resourcesOf, SYNTH_TIMEOUT_MS, templatesOf } from './synthesized-stacks.ts';

const ORDERS = 'arn:aws:sqs:eu-central-1:123456789012:orders';
const EXECUTE = 'functions/queue/execute.ts';

const synthesized = (stepQueues: object) => {
  const templates = templatesOf(appOf({ ...PRODUCTION, settings: { ...PRODUCTION.settings, stepQueues } }));
  const ofType = (type: string) => resourcesOf(templates.values(), type);
  return { ofType, functions: ofType('AWS::Lambda::Function') };
};

describe('the queues of steps', { timeout: SYNTH_TIMEOUT_MS }, () => {
  const { ofType, functions } = synthesized({ demo: 'own', orders: ORDERS });

  it('are known to the function that executes steps, by their names, and to no other', () => {
    const knowing = functions.filter(({ Properties }) => JSON.stringify(Properties).includes('STEP_QUEUES'));
    expect(knowing.map(({ Metadata }) => Metadata[ENTRY_METADATA])).toEqual([EXECUTE]);
    const text = JSON.stringify(knowing[0]?.Properties);
    expect(text).toContain('demo');
    expect(text).toContain('/123456789012/orders');
  });

  it('may be sent to by that function alone', () => {
    const policies = ofType('AWS::IAM::ManagedPolicy').filter(({ Properties }) =>
      JSON.stringify(Properties.PolicyDocument).includes(ORDERS),
    );
    expect(policies).toHaveLength(1);
    const [policy] = policies;
    const roles = ofType('AWS::IAM::Role').filter(({ Properties }) =>
      JSON.stringify(Properties.ManagedPolicyArns ?? []).includes(`"${policy?.id}"`),
    );
    const [execute] = functions.filter(({ Metadata }) => Metadata[ENTRY_METADATA] === EXECUTE);
    expect(roles).toHaveLength(1);
    expect(JSON.stringify(execute?.Properties.Role)).toContain(roles[0]?.id);
    expect(policy?.Properties.PolicyDocument).toMatchObject({
      Statement: [
        {
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Resource: [ORDERS, { 'Fn::ImportValue': expect.stringContaining('StepQueuedemo') }],
        },
      ],
    });
  });

  it('are none unless the stage names some', () => {
    const none = synthesized({});
    const policies = none.ofType('AWS::IAM::ManagedPolicy').map(({ id }) => id);
    expect(policies.filter((id) => id.startsWith('MaySendForSteps'))).toEqual([]);
  });
});

it.each([
  ['orders', ORDERS],
  ['orders', `${ORDERS}.fifo`],
  ['orders', 'own'],
])('the stage takes %s: %s', (name, queue) => {
  expect(parseStageConfig('prod', { stepQueues: { [name]: queue } }).stepQueues).toEqual({ [name]: queue });
});

it.each([
  ['orders', 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders'],
  ['orders', 'arn:aws:sns:eu-central-1:123456789012:orders'],
  ['orders', `${ORDERS}*`],
  ['or"ders', ORDERS],
])('the stage refuses %s: %s', (name, queue) => {
  expect(() => parseStageConfig('prod', { stepQueues: { [name]: queue } })).toThrow('stages.prod.stepQueues');
});
