/**
 * The resources of all stacks: which types there are, what each is called, and what of it the local runtime reads.
 * A type or property that is neither read nor known to be meaningless here stops the start: an application that runs
 * locally without a part of itself is worse than one that does not run.
 */
import * as z from 'zod';
import {
  type Address,
  type AttributeOf,
  addressText,
  type JsonObject,
  type NamedTemplate,
  type Region,
  type Resolve,
  type Resource,
  TemplateError,
} from './resolver.ts';

/**
 * What these do happens in the cloud only: permissions, retention, alarms; and what the local environment puts something
 * else in the place of: keys that sign, the secret of the first admin.
 */
const IGNORED_TYPES: ReadonlySet<string> = new Set([
  'AWS::ApiGateway::Account',
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Alias',
  'AWS::KMS::Key',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::SecretsManager::Secret',
]);

export const RESOURCE_TYPES = {
  api: 'AWS::ApiGatewayV2::Api',
  eventSource: 'AWS::Lambda::EventSourceMapping',
  function: 'AWS::Lambda::Function',
  integration: 'AWS::ApiGatewayV2::Integration',
  queue: 'AWS::SQS::Queue',
  route: 'AWS::ApiGatewayV2::Route',
  schedule: 'AWS::Scheduler::Schedule',
  scheduleGroup: 'AWS::Scheduler::ScheduleGroup',
  stage: 'AWS::ApiGatewayV2::Stage',
  table: 'AWS::DynamoDB::GlobalTable',
} as const;
type ResourceType = (typeof RESOURCE_TYPES)[keyof typeof RESOURCE_TYPES];
const KNOWN_TYPES: ReadonlySet<string> = new Set(Object.values(RESOURCE_TYPES));

export type Declared = { readonly address: Address; readonly resource: Resource };

export type Resources = {
  readonly ofType: (type: ResourceType) => readonly Declared[];
  /** The properties, resolved and checked; those in `ignored` are not even resolved. */
  readonly read: <T extends z.ZodType>(declared: Declared, schema: T, ignored?: readonly string[]) => z.output<T>;
  /** The value of an attribute, or of `Ref`. */
  readonly attribute: (address: Address, name: string) => string;
};

export const listResources = (templates: readonly NamedTemplate[], resolve: Resolve): Resources => {
  const all = templates.flatMap(({ stack, template }) =>
    Object.entries(template.Resources).map(([id, resource]) => ({ address: { stack, id }, resource })),
  );
  for (const { address, resource } of all) {
    if (!(KNOWN_TYPES.has(resource.Type) || IGNORED_TYPES.has(resource.Type))) {
      throw new TemplateError(`${addressText(address)}: the local runtime does not know ${resource.Type}`);
    }
  }
  return {
    ofType: (type) => all.filter(({ resource }) => resource.Type === type),
    read: ({ address, resource }, schema, ignored = []) => {
      const kept: JsonObject = Object.fromEntries(
        Object.entries(resource.Properties ?? {}).filter(([name]) => !ignored.includes(name)),
      );
      const parsed = schema.safeParse(resolve(kept, address.stack));
      if (!parsed.success) {
        const issues = z.prettifyError(parsed.error).replaceAll('\n', ' ');
        throw new TemplateError(
          `${addressText(address)} (${resource.Type}): the local runtime does not support: ${issues}`,
        );
      }
      return parsed.data;
    },
    attribute: ({ stack, id }, name) =>
      String(resolve(name === 'Ref' ? { Ref: id } : { 'Fn::GetAtt': [id, name] }, stack)),
  };
};

/** Names as CloudFormation would make them, without its random suffix. */
export const physicalName = ({ stack, id }: Address, maxLength: number): string =>
  `${stack}-${id}`.slice(-maxLength).replace(/^[^A-Za-z0-9]+/, '');

/** A host name's label; the API's address is rewritten to the gateway's in what the functions are given. */
export const apiIdOf = ({ stack, id }: Address): string => `${stack}${id}`.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Attributes that follow from the template alone; what the queues and tables are called is known once they exist. */
export const declaredAttributes = (templates: readonly NamedTemplate[], { region, accountId }: Region): AttributeOf => {
  const byStack = new Map(templates.map(({ stack, template }) => [stack, template]));
  const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${accountId}:${rest}`;
  return (address, attribute) => {
    const { Type, Properties } = byStack.get(address.stack)?.Resources[address.id] ?? {};
    const name = physicalName(address, 64);
    const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      [RESOURCE_TYPES.function]: { Ref: name, Arn: arn('lambda', `function:${name}`) },
      [RESOURCE_TYPES.api]: {
        Ref: apiIdOf(address),
        ApiId: apiIdOf(address),
        ApiEndpoint: `https://${apiIdOf(address)}.execute-api.${region}.amazonaws.com`,
      },
      [RESOURCE_TYPES.integration]: { Ref: name },
      [RESOURCE_TYPES.stage]: { Ref: String(Properties?.StageName) },
      [RESOURCE_TYPES.scheduleGroup]: { Ref: String(Properties?.Name ?? name) },
      'AWS::IAM::Role': { Ref: name, Arn: `arn:aws:iam::${accountId}:role/${name}` },
      'AWS::KMS::Alias': { Ref: `alias/${name}`, AliasName: `alias/${name}` },
      'AWS::KMS::Key': { Ref: name, KeyId: name, Arn: arn('kms', `key/${name}`) },
      'AWS::SecretsManager::Secret': {
        Ref: arn('secretsmanager', `secret:${name}`),
        Id: arn('secretsmanager', `secret:${name}`),
      },
      'AWS::Logs::LogGroup': { Ref: name, Arn: arn('logs', `log-group:${name}:*`) },
      'AWS::SNS::Topic': { Ref: arn('sns', name), TopicArn: arn('sns', name), TopicName: name },
    };
    return values[Type ?? '']?.[attribute];
  };
};
