/** What the templates say about functions, what invokes them, and the two APIs. */
import * as z from 'zod';
import { addressText, TemplateError } from './resolver.ts';
import { apiIdOf, physicalName, RESOURCE_TYPES, type Resources } from './resources.ts';

export type LocalFunction = {
  readonly name: string;
  readonly arn: string;
  /** Path of the source file, from the `cronsaga:entry` metadata: the template itself knows an asset hash only. */
  readonly entry: string;
  readonly exportName: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
};

export type QueueSource = {
  readonly functionArn: string;
  readonly queueArn: string;
  readonly batchSize: number;
  readonly batchingWindowMs: number;
  readonly maxConcurrency: number;
  readonly reportsItemFailures: boolean;
};

export type StreamSource = {
  readonly functionArn: string;
  readonly streamArn: string;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  readonly batchSize: number;
  readonly batchingWindowMs: number;
  /** 0: no tumbling window. */
  readonly tumblingWindowMs: number;
  readonly maxRetries: number;
  readonly maxRecordAgeMs: number;
  readonly bisects: boolean;
  readonly reportsItemFailures: boolean;
  readonly onFailureArn: string | undefined;
  /** JSON patterns; a record passes that matches one of them, and all pass when there is none. */
  readonly filters: readonly string[];
};

/** A function that is invoked again and again. */
export type RecurringSource = { readonly functionArn: string; readonly everyMs: number; readonly input: unknown };

export type HttpRoute = { readonly routeKey: string; readonly functionArn: string };
export type HttpApi = { readonly apiId: string; readonly stage: string; readonly routes: readonly HttpRoute[] };
export type WebSocketApi = {
  readonly apiId: string;
  readonly stage: string;
  /** Function by route key: `$connect`, `$disconnect`, `$default`. */
  readonly routes: Readonly<Record<string, string>>;
};

const ENTRY_METADATA = 'cronsaga:entry';

const functionProperties = z.strictObject({
  Handler: z.string(),
  Runtime: z.string().startsWith('nodejs', 'a runtime other than Node'),
  PackageType: z.literal('Zip').optional(),
  Timeout: z.coerce.number().default(3),
  MemorySize: z.coerce.number().default(128),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.coerce.string()) }).optional(),
});
const FUNCTION_IGNORES = [
  ...['Architectures', 'Code', 'DeadLetterConfig', 'Description', 'FunctionName', 'LoggingConfig'],
  ...['RecursiveLoop', 'ReservedConcurrentExecutions', 'Role', 'RuntimeManagementConfig', 'Tags', 'TracingConfig'],
];

const sourceProperties = z.strictObject({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  Enabled: z.boolean().default(true),
  BatchSize: z.coerce.number().optional(),
  MaximumBatchingWindowInSeconds: z.coerce.number().default(0),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  ScalingConfig: z.strictObject({ MaximumConcurrency: z.coerce.number() }).optional(),
  StartingPosition: z.enum(['TRIM_HORIZON', 'LATEST']).optional(),
  TumblingWindowInSeconds: z.coerce.number().default(0),
  MaximumRetryAttempts: z.coerce.number().default(-1),
  MaximumRecordAgeInSeconds: z.coerce.number().default(-1),
  BisectBatchOnFunctionError: z.boolean().default(false),
  DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }) }).optional(),
  FilterCriteria: z.strictObject({ Filters: z.array(z.strictObject({ Pattern: z.string() })) }).optional(),
});
// One batch of a shard at a time keeps every order that a higher factor keeps.
const SOURCE_IGNORES = ['MetricsConfig', 'ParallelizationFactor', 'Tags'];

/** Lambda keeps five pollers on an idle queue unless told otherwise. */
const DEFAULT_QUEUE_CONCURRENCY = 5;

const orUnlimited = (value: number): number => (value < 0 ? Number.POSITIVE_INFINITY : value);

export const readFunctions = (resources: Resources): LocalFunction[] =>
  resources.ofType(RESOURCE_TYPES.function).map((declared) => {
    const { address, resource } = declared;
    const properties = resources.read(declared, functionProperties, FUNCTION_IGNORES);
    const entry = resource.Metadata?.[ENTRY_METADATA];
    if (typeof entry !== 'string') {
      throw new TemplateError(`${addressText(address)}: no ${ENTRY_METADATA} metadata, so its source is unknown`);
    }
    return {
      name: physicalName(address, 64),
      arn: resources.attribute(address, 'Arn'),
      entry,
      exportName: properties.Handler.slice(properties.Handler.lastIndexOf('.') + 1),
      timeoutMs: properties.Timeout * 1_000,
      memoryMb: properties.MemorySize,
      environment: properties.Environment?.Variables ?? {},
    };
  });

export const readEventSources = (
  resources: Resources,
  functions: readonly LocalFunction[],
): { readonly queueSources: readonly QueueSource[]; readonly streamSources: readonly StreamSource[] } => {
  const queueSources: QueueSource[] = [];
  const streamSources: StreamSource[] = [];
  for (const declared of resources.ofType(RESOURCE_TYPES.eventSource)) {
    const where = addressText(declared.address);
    const source = resources.read(declared, sourceProperties, SOURCE_IGNORES);
    const target = functions.find(({ name, arn }) => name === source.FunctionName || arn === source.FunctionName);
    if (!target) {
      throw new TemplateError(`${where}: no function ${source.FunctionName}`);
    }
    const common = {
      functionArn: target.arn,
      batchingWindowMs: source.MaximumBatchingWindowInSeconds * 1_000,
      reportsItemFailures: source.FunctionResponseTypes.length > 0,
    };
    if (!source.Enabled) {
      continue;
    }
    if (source.EventSourceArn.startsWith('arn:aws:sqs:')) {
      if (source.FilterCriteria) {
        throw new TemplateError(`${where}: the local runtime does not support FilterCriteria on a queue`);
      }
      queueSources.push({
        ...common,
        queueArn: source.EventSourceArn,
        batchSize: source.BatchSize ?? 10,
        maxConcurrency: source.ScalingConfig?.MaximumConcurrency ?? DEFAULT_QUEUE_CONCURRENCY,
      });
    } else {
      streamSources.push({
        ...common,
        streamArn: source.EventSourceArn,
        startingPosition: source.StartingPosition ?? 'LATEST',
        batchSize: source.BatchSize ?? 100,
        tumblingWindowMs: source.TumblingWindowInSeconds * 1_000,
        maxRetries: orUnlimited(source.MaximumRetryAttempts),
        maxRecordAgeMs: orUnlimited(source.MaximumRecordAgeInSeconds) * 1_000,
        bisects: source.BisectBatchOnFunctionError,
        onFailureArn: source.DestinationConfig?.OnFailure.Destination,
        filters: source.FilterCriteria?.Filters.map(({ Pattern }) => Pattern) ?? [],
      });
    }
  }
  return { queueSources, streamSources };
};

const apiProperties = z.strictObject({
  ProtocolType: z.enum(['HTTP', 'WEBSOCKET']),
  RouteSelectionExpression: z.string().optional(),
  ApiKeySelectionExpression: z.string().optional(),
});
const API_IGNORES = [
  'Description',
  'DisableExecuteApiEndpoint',
  'DisableSchemaValidation',
  'IpAddressType',
  'Name',
  'Tags',
];

const routeProperties = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string(),
  AuthorizationType: z.literal('NONE').optional(),
  ApiKeyRequired: z.literal(false).optional(),
});
const integrationProperties = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  IntegrationMethod: z.string().optional(),
  PayloadFormatVersion: z.literal('2.0').optional(),
});
const INTEGRATION_IGNORES = ['Description', 'TimeoutInMillis'];
const stageProperties = z.strictObject({
  ApiId: z.string(),
  StageName: z.string(),
  AutoDeploy: z.literal(true).optional(),
});
// Throttling, logging and metrics of the cloud.
const STAGE_IGNORES = ['AccessLogSettings', 'DefaultRouteSettings', 'Description', 'RouteSettings', 'Tags'];

/** The events of a socket: without a selection by content, every message takes `$default`. */
const SOCKET_ROUTES: ReadonlySet<string> = new Set(['$connect', '$disconnect', '$default']);

export const readApis = (
  resources: Resources,
  functions: readonly LocalFunction[],
): { readonly http: HttpApi | undefined; readonly webSocket: WebSocketApi | undefined } => {
  const integrations = new Map<string, string>(
    resources.ofType(RESOURCE_TYPES.integration).map((declared) => {
      const { IntegrationUri } = resources.read(declared, integrationProperties, INTEGRATION_IGNORES);
      // An HTTP API names the function itself, a WebSocket API the path of its invocation.
      const target = functions.find(({ arn }) => IntegrationUri === arn || IntegrationUri.includes(`/${arn}/`));
      if (!target) {
        throw new TemplateError(`${addressText(declared.address)}: no function ${IntegrationUri}`);
      }
      return [`integrations/${physicalName(declared.address, 64)}`, target.arn] as const;
    }),
  );
  const routes = resources.ofType(RESOURCE_TYPES.route).map((declared) => {
    const route = resources.read(declared, routeProperties, ['OperationName']);
    const functionArn = integrations.get(route.Target);
    if (functionArn === undefined) {
      throw new TemplateError(`${addressText(declared.address)}: no integration ${route.Target}`);
    }
    return { ...route, functionArn };
  });
  const stages = resources.ofType(RESOURCE_TYPES.stage).map((it) => resources.read(it, stageProperties, STAGE_IGNORES));

  let http: HttpApi | undefined;
  let webSocket: WebSocketApi | undefined;
  for (const declared of resources.ofType(RESOURCE_TYPES.api)) {
    const where = addressText(declared.address);
    const { ProtocolType } = resources.read(declared, apiProperties, API_IGNORES);
    const apiId = apiIdOf(declared.address);
    const [stage, ...others] = stages.filter((it) => it.ApiId === apiId);
    if (!stage || others.length > 0) {
      throw new TemplateError(`${where}: the local gateway serves exactly one stage of an API`);
    }
    if (ProtocolType === 'HTTP' ? http : webSocket) {
      throw new TemplateError(`${where}: the local gateway serves one ${ProtocolType} API, this is a second one`);
    }
    const own = routes.filter((it) => it.ApiId === apiId);
    if (ProtocolType === 'HTTP') {
      if (stage.StageName !== '$default') {
        throw new TemplateError(`${where}: the local gateway serves the $default stage of an HTTP API`);
      }
      http = {
        apiId,
        stage: stage.StageName,
        routes: own.map((it) => ({ routeKey: it.RouteKey, functionArn: it.functionArn })),
      };
      continue;
    }
    const selected = own.find((it) => !SOCKET_ROUTES.has(it.RouteKey));
    if (selected) {
      throw new TemplateError(`${where}: the local gateway does not select routes by content (${selected.RouteKey})`);
    }
    webSocket = {
      apiId,
      stage: stage.StageName,
      routes: Object.fromEntries(own.map((it) => [it.RouteKey, it.functionArn])),
    };
  }
  return { http, webSocket };
};

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const RATE = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/;

const scheduleProperties = z.strictObject({
  GroupName: z.string().optional(),
  ScheduleExpression: z.string().regex(RATE, 'a schedule of a template other than a rate'),
  FlexibleTimeWindow: z.strictObject({ Mode: z.literal('OFF') }),
  State: z.literal('ENABLED').optional(),
  Target: z.object({
    Arn: z.string().startsWith('arn:aws:lambda:', 'a schedule of a template invokes a function'),
    Input: z.string().default('{}'),
  }),
});

/** Schedules that the template declares; those for alarms are made at run time. */
export const readRecurringSources = (
  resources: Resources,
  functions: readonly LocalFunction[],
): readonly RecurringSource[] =>
  resources.ofType(RESOURCE_TYPES.schedule).map((declared) => {
    const { ScheduleExpression, Target } = resources.read(declared, scheduleProperties, ['Description', 'Name']);
    const [, count, unit = ''] = RATE.exec(ScheduleExpression) ?? [];
    if (!functions.some(({ arn }) => arn === Target.Arn)) {
      throw new TemplateError(`${addressText(declared.address)}: no function ${Target.Arn}`);
    }
    return {
      functionArn: Target.Arn,
      everyMs: Number(count) * (UNIT_MS[unit] ?? 0),
      input: JSON.parse(Target.Input) as unknown,
    };
  });

export const readScheduleGroups = (resources: Resources): string[] =>
  resources.ofType(RESOURCE_TYPES.scheduleGroup).map(({ address }) => resources.attribute(address, 'Ref'));
