/** The engine without Java: the same use cases and handlers on the memory adapters, in this process. */
import { randomBytes, randomUUID } from 'node:crypto';
import { createMemoryHandlers } from '../platform/memory-engine.ts';
import { type Engine, type EngineOptions, LOCAL_ACCOUNT, LOCAL_REGION } from './engine.ts';
import { openGroupsOf, withLocalEnvironment } from './environment.ts';
import { contextOf, type Invoke, type LambdaHandler } from './functions/invocation.ts';
import { readApis, readFunctions } from './template/application.ts';
import { type AttributeOf, createResolver } from './template/resolver.ts';
import { declaredAttributes, listResources, physicalName } from './template/resources.ts';

export const startMemoryEngine = async (options: EngineOptions): Promise<Engine> => {
  const { port, admin, log, connections, onStarted } = options;
  const templates = await options.templates;
  const place = { region: LOCAL_REGION, accountId: LOCAL_ACCOUNT };
  const declared = declaredAttributes(templates, place);
  // Tables and queues exist in no service here; their names only fill the environment.
  const attributeOf: AttributeOf = (address, name) => declared(address, name) ?? physicalName(address, 64);
  const resources = listResources(templates, createResolver(templates, place, attributeOf));
  const declaredFunctions = readFunctions(resources);
  const apis = readApis(resources, declaredFunctions);
  const functions = withLocalEnvironment(declaredFunctions, { apis, region: LOCAL_REGION, port, admin });

  const engine = await createMemoryHandlers({
    // A full buffer cannot be told from a dead socket here; the run's alarm finds out either way (rule R3).
    post: async (id, text) => (connections()?.post(id, Buffer.from(text)) === 'sent' ? 'sent' : 'gone'),
    disconnect: async (id) => {
      connections()?.close(id, 1000, 'Closed by the server');
    },
    env: Object.assign({}, ...functions.map(({ environment }) => environment)),
    logger: log.logger('engine'),
  });
  onStarted(engine.close);
  // Each handler takes one kind of event, and the template says which function gets which.
  const handlers = new Map(Object.entries(engine.handlers) as [string, LambdaHandler][]);
  const logger = log.logger('local');
  let running = 0;

  const invoke: Invoke = async (functionArn, event) => {
    const definition = functions.find(({ arn }) => arn === functionArn);
    const handler = handlers.get(definition?.entry ?? '');
    if (!definition || !handler) {
      return { ok: false, reason: 'failed', message: `The memory engine has no ${definition?.entry ?? functionArn}` };
    }
    const { name, memoryMb, timeoutMs } = definition;
    const context = contextOf({
      ...{ awsRequestId: randomUUID(), functionName: name, functionArn, memoryMb },
      deadlineAt: Date.now() + timeoutMs,
    });
    running += 1;
    try {
      const answer = await handler(JSON.parse(JSON.stringify(event)), context);
      return { ok: true, payload: answer === undefined ? null : JSON.parse(JSON.stringify(answer)) };
    } catch (error) {
      logger.error('Function failed', { function: definition.entry, error });
      return { ok: false, reason: 'failed', message: error instanceof Error ? error.message : String(error) };
    } finally {
      running -= 1;
    }
  };
  return {
    apis,
    accountId: LOCAL_ACCOUNT,
    // Nobody posts over HTTP here, so nobody knows the key.
    accessKeyId: randomBytes(16).toString('hex'),
    invoke,
    aws: undefined,
    keepsData: false,
    openGroups: openGroupsOf(functions),
    failed: new Promise(() => undefined),
    pids: [],
    drain: async () => {
      while (running > 0) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    kill: () => undefined,
  };
};
