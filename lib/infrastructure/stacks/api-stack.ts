/** The HTTP API: its routes into our own routers, and the pages that document it. */
import { CfnOutput, Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  CorsHttpMethod,
  type CorsPreflightOptions,
  HttpApi,
  HttpMethod,
  HttpStage,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { ICommandHooks } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { SWAGGER_UI_FILES, SWAGGER_UI_FOLDER } from '../../contracts/http/docs-pages.ts';
import { docsEnvSchema, httpEnvSchema } from '../../platform/env/schemas.ts';
import { admissionAccess } from '../authentication.ts';
import { accessLogs } from '../constructs/access-logs.ts';
import { ServiceFunction } from '../constructs/service-function.ts';
import { commonEnvironment, engineAccess } from '../engine.ts';
import type { StageConfig } from '../stage-config.ts';
import type { DataStack } from './data-stack.ts';
import type { IdentityStack } from './identity-stack.ts';
import type { MessagingStack } from './messaging-stack.ts';
import type { RealtimeStack } from './realtime-stack.ts';

/** Puts Swagger UI's files beside the bundle. */
const copySwaggerUi: ICommandHooks = {
  beforeInstall: () => [],
  beforeBundling: () => [],
  afterBundling: (root, bundle) => {
    const folder = `${bundle}/${SWAGGER_UI_FOLDER}`;
    return [
      `mkdir -p "${folder}"`,
      ...SWAGGER_UI_FILES.map((file) => `cp "${root}/node_modules/swagger-ui-dist/${file}" "${folder}/"`),
    ];
  },
};

/**
 * What the identity function answers. A route cannot end in "/": `/api/users/` is left to the greedy variable, which others
 * have seen take an empty rest (AWS does not say). Were it not so, `$default` would answer such a path with 404.
 */
const IDENTITY_ROUTES: readonly (readonly [path: string, method: HttpMethod])[] = [
  ['/api/auth/{proxy+}', HttpMethod.ANY],
  ['/api/users', HttpMethod.ANY],
  ['/api/users/{proxy+}', HttpMethod.ANY],
  ['/api/audit', HttpMethod.ANY],
  ['/api/audit/{proxy+}', HttpMethod.ANY],
  ['/.well-known/jwks.json', HttpMethod.GET],
];

/** What a page of another origin may do. Without credentials: ours are no cookies, so a browser never adds them by itself. */
const corsOf = (origins: readonly string[]): CorsPreflightOptions => ({
  allowOrigins: [...origins],
  allowMethods: [
    CorsHttpMethod.GET,
    CorsHttpMethod.POST,
    CorsHttpMethod.PUT,
    CorsHttpMethod.PATCH,
    CorsHttpMethod.DELETE,
  ],
  allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-api-key'],
  exposeHeaders: ['x-request-id', 'retry-after', 'x-total-count'],
  // As long as Chrome keeps an answer at the most.
  maxAge: Duration.hours(2),
});

type Parts = {
  readonly data: DataStack;
  readonly messaging: MessagingStack;
  readonly realtime: RealtimeStack;
  readonly identity: IdentityStack;
};

export class ApiStack extends Stack {
  readonly http: HttpApi;
  readonly api: ServiceFunction;
  readonly docs: ServiceFunction;

  constructor(scope: Construct, id: string, config: StageConfig, parts: Parts) {
    super(scope, id, { description: 'Cronsaga: the HTTP API', terminationProtection: config.removal === 'retain' });

    const { data, messaging, realtime, identity } = parts;
    const engine = engineAccess(config, { data, messaging, sockets: realtime });
    const admission = admissionAccess(config, data);
    this.api = new ServiceFunction(this, 'Api', {
      config,
      entry: 'functions/http/api.ts',
      description: 'Answers every API request but those of identity',
      schema: httpEnvSchema,
      environment: {
        ...engine.environment,
        ...admission.environment,
        OPEN_GROUPS: config.openGroups.join(','),
        CLOSED_METRICS: String(config.closedMetrics),
      },
      policies: [
        ...engine.policies,
        ...admission.policies,
        data.policies.mayList,
        data.policies.mayDefine,
        messaging.mayCheck,
      ],
    });
    this.docs = new ServiceFunction(this, 'Docs', {
      config,
      entry: 'functions/http/docs.ts',
      description: 'Serves the OpenAPI document and Swagger UI',
      schema: docsEnvSchema,
      environment: commonEnvironment(config),
      commandHooks: copySwaggerUi,
    });

    this.http = new HttpApi(this, 'Http', {
      // A label in the console, not an identity: two APIs may share it.
      apiName: `cronsaga-${config.stage}`,
      createDefaultStage: false,
      // With it, API Gateway answers preflights itself and drops CORS headers that a function sends.
      ...(config.corsOrigins.length === 0 ? {} : { corsPreflight: corsOf(config.corsOrigins) }),
      // A route cannot end in "/", and many documented paths do: `$default` takes them all to our own router.
      defaultIntegration: new HttpLambdaIntegration('Api', this.api.fn),
    });
    const docs = new HttpLambdaIntegration('Docs', this.docs.fn);
    for (const path of ['/openapi.json', '/swagger', '/swagger/{proxy+}']) {
      this.http.addRoutes({ path, methods: [HttpMethod.GET], integration: docs });
    }
    const users = new HttpLambdaIntegration('Identity', identity.identity.fn);
    for (const [path, method] of IDENTITY_ROUTES) {
      this.http.addRoutes({ path, methods: [method], integration: users });
    }
    Validations.of(this.http).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'The functions authorize by the scope that each operation asks for and know the public ones; documentation is public.',
    });

    const stage = new HttpStage(this, 'HttpStage', {
      httpApi: this.http,
      autoDeploy: true,
      throttle: { rateLimit: config.httpThrottle.ratePerSecond, burstLimit: config.httpThrottle.burst },
      accessLogSettings: accessLogs(this, config, {
        time: '$context.requestTimeEpoch',
        requestId: '$context.requestId',
        ip: '$context.identity.sourceIp',
        method: '$context.httpMethod',
        path: '$context.path',
        status: '$context.status',
        bytes: '$context.responseLength',
        ms: '$context.responseLatency',
        error: '$context.integrationErrorMessage',
      }),
    });
    new CfnOutput(this, 'HttpUrl', { value: stage.url, description: 'Where the API answers' });
  }
}
