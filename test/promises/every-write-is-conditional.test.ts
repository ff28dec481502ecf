import { expect, it } from 'vitest';
import { createCountStore } from '../../lib/adapters/dynamodb/counts.ts';
import { createRunStore } from '../../lib/adapters/dynamodb/runs.ts';
import { createSagaExceptionStore } from '../../lib/adapters/dynamodb/sagas/exceptions.ts';
import { createSagaStore } from '../../lib/adapters/dynamodb/sagas/sagas.ts';
import { createSessionStore } from '../../lib/adapters/dynamodb/sessions.ts';
import {
  createConnectionStore,
  createDataStore,
  createExceptionStore,
  createIdempotencyStore,
} from '../../lib/adapters/dynamodb/side-stores.ts';
import { createMemoryFleetStores } from '../../lib/adapters/memory/fleet/stores.ts';
import { createMemoryJobStore } from '../../lib/adapters/memory/jobs/jobs.ts';
import { createMemoryFlowStore } from '../../lib/adapters/memory/sagas/flows.ts';
import { makeTestOp, openTestTable } from '../support/dynamodb-table.ts';
import { createWorld } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

type Write = {
  readonly Key?: { readonly pk: string };
  readonly Item?: { readonly pk: string };
  readonly ConditionExpression?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
};
type Input = Write & {
  readonly TransactItems?: readonly { readonly Update?: Write; readonly Put?: Write; readonly Delete?: Write }[];
};

/** What kind of row a key names: the part before the first `#`. */
const kindOf = ({ Key, Item }: Write): string => (Key ?? Item)?.pk.split('#')[0] ?? '';

it('every write is conditional', async () => {
  const table = await openTestTable();
  const single: Write[] = [];
  const transactions: (readonly Write[])[] = [];
  table.client.middlewareStack.add(
    (next, context) => (args) => {
      const input = args.input as Input;
      if (/^(Put|Update|Delete)Item/.test(context.commandName ?? '')) {
        single.push(input);
      } else if (input.TransactItems !== undefined) {
        transactions.push(input.TransactItems.map(({ Update, Put, Delete }) => Update ?? Put ?? Delete ?? {}));
      } else {
        expect(context.commandName).toMatch(/^(Get|BatchGet|Query)/);
      }
      return next(args);
    },
    { step: 'initialize', name: 'recordWrites' },
  );

  const world = createWorld({
    stores: {
      runs: createRunStore(table, makeTestOp),
      data: createDataStore(table),
      sessions: createSessionStore(table, makeTestOp),
      connections: createConnectionStore(table),
      exceptions: createExceptionStore(table),
      idempotency: createIdempotencyStore(table, makeTestOp),
      counts: createCountStore(table, makeTestOp),
      jobs: createMemoryJobStore(),
      flows: createMemoryFlowStore(),
      sagas: createSagaStore(table, makeTestOp),
      sagaExceptions: createSagaExceptionStore(table, makeTestOp),
      ...createMemoryFleetStores(),
    },
  });
  // A life that writes every kind of row in every way there is.
  const worker = createWorker(world, 'worker', { slots: 2 });
  const waiting = await world.submit({ payload: JSON.stringify('x'.repeat(1_000)) });
  await worker.hello();
  const idempotency = { caller: 'me', key: 'key', fingerprint: 'f' };
  const doomed = await world.submit({ maxTries: 1, idempotency });
  await worker.started(worker.orderOf(waiting));
  await worker.finish([worker.orderOf(waiting)], { output: 'y'.repeat(1_000) });
  await worker.finish([worker.orderOf(doomed)], { outcome: 'failed', error: 'no' });
  // A transaction whose second step fails, and is retried by hand; its payload lies beside it.
  const definition = JSON.stringify({
    tasks: [
      { id: 'pay', task_name: 'send_email', type: 'worker' },
      { id: 'ship', task_name: 'send_email', type: 'worker', depends_on: ['pay'], retry: { strategy: 'manual' } },
    ],
  });
  const people = { description: '', flowType: '', createUser: 'ann' };
  const flow = await world.engine.flows.create({ name: 'order', ...people, definition });
  if (flow.kind !== 'created') {
    throw new Error('A flow was expected');
  }
  const params = { send_email: { text: 'x'.repeat(1_000) } };
  const started = await world.engine.sagas.start({ instance: 'order-1', flow: flow.view.flow.id, params });
  const no = started.kind === 'started' ? started.saga.no : '';
  await worker.finish([worker.orderOf(`${no}~pay~1`)]);
  await worker.finish([worker.orderOf(`${no}~ship~1`)], { outcome: 'failed', error: 'no' });
  const failed = await world.ports.sagas.get(no, 'consistent');
  expect(failed).toMatchObject({ status: 'failed' });
  await world.engine.desk.comment(failed?.steps.ship?.exception ?? '', 'Hm', 'user:1');
  await world.ports.sagas.keepRuns(no, world.now() + 400 * 86_400_000);
  await world.engine.sagas.retry('order-1', 'user:1');
  await world.engine.sagas.cancel('order-1', 'user:1', true);
  await worker.finish([worker.orderOf(`${no}~ship~2`)], { outcome: 'cancelled', signal: 'SIGTERM' });

  const retried = await world.submit();
  await worker.finish([worker.orderOf(retried)], { outcome: 'failed', error: 'no' });
  await world.live(3_000);
  await worker.heartbeat();
  const cancelled = await world.submit();
  await world.engine.cancelRun(cancelled);
  await worker.finish([worker.orderOf(cancelled)], { outcome: 'cancelled', signal: 'SIGTERM' });
  await world.engine.disconnect(worker.conn());
  await worker.resume();
  world.setMood(worker.conn(), 'gone');
  await world.submit();
  await world.engine.rejectFrame(worker.conn(), 'not_json', 'That is no JSON');
  const settled = await world.submit();
  await world.engine.settleRun(settled, 'failed');
  await world.engine.noteRun(settled, { notedOutput: 'by hand' });
  const counted = { handler: 'send_email', status: 'ready', ofJob: false, createdAt: world.now() } as const;
  const deltas = [{ sequence: 1n, after: counted }];
  await world.engine.countChanges('shard', deltas);
  await world.engine.countChanges('shard', deltas);
  await world.live(120_000);

  const kinds = new Set([...single, ...transactions.flat()].map(kindOf));
  expect(kinds).toEqual(
    new Set([
      ...['RUN', 'DATA', 'POOL', 'CONN', 'KEY', 'EXCEPTION', 'COUNT', 'COUNT_HOURS'],
      ...['STEP_RUN', 'SAGA', 'INSTANCE', 'SAGA_EXCEPTION'],
    ]),
  );

  // A socket's own row is written by its own frames only, in order; all that hangs on it is checked elsewhere (S3).
  const unconditional = single.filter(({ ConditionExpression }) => ConditionExpression === undefined);
  expect(new Set(unconditional.map(kindOf))).toEqual(new Set(['CONN']));

  // In a transaction the first write guards the others: all or nothing.
  expect(transactions.length).toBeGreaterThan(0);
  for (const [guard] of transactions) {
    expect(guard?.ConditionExpression).toBeDefined();
    expect(guard?.ReturnValuesOnConditionCheckFailure).toBe('ALL_OLD');
  }
  // Whoever loses a run or a session learns why without a read; a fence, a bump, a void mark or a note needs no reason.
  const silent = [...single, ...transactions.map(([guard]) => guard ?? {})].filter(
    (write) => ['RUN', 'POOL'].includes(kindOf(write)) && write.ReturnValuesOnConditionCheckFailure !== 'ALL_OLD',
  );
  const conditions = new Set(silent.map(({ ConditionExpression }) => ConditionExpression));
  for (const condition of conditions) {
    expect(condition).toMatch(
      /^(#g = :g|#st = :closed|attribute_not_exists\(#(status|st)\) OR|attribute_exists\(#status\) AND #status <>)/,
    );
  }
});
