/** The HTTP API: one route into our own router, and the pages that document it. */
import { CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { ICommandHooks } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { SWAGGER_UI_FILES, SWAGGER_UI_FOLDER } from '../../contracts/http/docs-pages.ts';
import { docsEnvSchema, httpEnvSchema } from '../../platform/env/schemas.ts';
import { accessLogs } from '../constructs/access-logs.ts';
import { ServiceFunction } from '../constructs/service-function.ts';
import { commonEnvironment, engineAccess } from '../engine.ts';
import type { StageConfig } from '../stage-config.ts';
import type { DataStack } from './data-stack.ts';
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

type Parts = { readonly data: DataStack; readonly messaging: MessagingStack; readonly realtime: RealtimeStack };

export class ApiStack extends Stack {
  readonly http: HttpApi;
  readonly api: ServiceFunction;
  readonly docs: ServiceFunction;

  constructor(scope: Construct, id: string, config: StageConfig, { data, messaging, realtime }: Parts) {
    super(scope, id, { description: 'Cronsaga: the HTTP API', terminationProtection: config.removal === 'retain' });

    const engine = engineAccess(config, { data, messaging, sockets: realtime });
    this.api = new ServiceFunction(this, 'Api', {
      config,
      entry: 'functions/http/api.ts',
      description: 'Answers every API request',
      schema: httpEnvSchema,
      environment: {
        ...engine.environment,
        WORKER_TOKEN_SHA256: config.workerTokenSha256,
        OPEN_GROUPS: config.openGroups.join(','),
      },
      policies: [...engine.policies, data.mayList],
    });
    this.docs = new ServiceFunction(this, 'Docs', {
      config,
      entry: 'functions/http/docs.ts',
      description: 'Serves the OpenAPI document and Swagger UI',
      schema: docsEnvSchema,
      environment: commonEnvironment(config),
      commandHooks: copySwaggerUi,
    });

    // No CORS: a page of another origin has no business here until there is a console that says which.
    this.http = new HttpApi(this, 'Http', {
      // A label in the console, not an identity: two APIs may share it.
      apiName: `cronsaga-${config.stage}`,
      createDefaultStage: false,
      // A route cannot end in "/", and many documented paths do: `$default` takes them all to our own router.
      defaultIntegration: new HttpLambdaIntegration('Api', this.api.fn),
    });
    const docs = new HttpLambdaIntegration('Docs', this.docs.fn);
    for (const path of ['/openapi.json', '/swagger', '/swagger/{proxy+}']) {
      this.http.addRoutes({ path, methods: [HttpMethod.GET], integration: docs });
    }
    Validations.of(this.http).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason: 'The function authorizes by the group of the route and knows the public paths; documentation is public.',
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
