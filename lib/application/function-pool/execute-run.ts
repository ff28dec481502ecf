import { FUNCTION_POOL } from '../../domain/fleet/function-pool.ts';
import { start } from '../../domain/run-decisions.ts';
import type { ToOrder } from '../dispatch/to-order.ts';
import type { FunctionExecutorPort, FunctionOrder } from '../ports/function-pool.ts';
import type { Ports } from '../ports/index.ts';
import type { EndAttempt } from '../runs/end-attempt.ts';
import type { Ended } from '../runs/ended.ts';
import type { PayloadOf } from '../runs/payload-of.ts';
import { createPutOutput } from '../runs/store-output.ts';

type Tools = {
  readonly toOrder: ToOrder;
  readonly payloadOf: PayloadOf;
  readonly endAttempt: EndAttempt;
  readonly ended: Ended;
};

/**
 * Executes a claim of the pool without workers. An order may come twice, and late: whoever turns the run from `dispatched`
 * to `running` executes it, and nobody else. Dying in between leaves it `running` until its deadline, and then its alarm
 * counts a try (rule R3).
 */
export const createExecuteRun =
  (ports: Pick<Ports, 'runs' | 'data' | 'settings' | 'now' | 'pause' | 'log'>, tools: Tools) =>
  async ({ run: id, attempt }: FunctionOrder, execute: FunctionExecutorPort): Promise<void> => {
    const { runs, now, pause, log } = ports;
    const { toOrder, payloadOf, endAttempt, ended } = tools;
    const run = await runs.get(id, 'consistent');
    const wanted = run?.pool === FUNCTION_POOL && run.attempt === attempt && run.status === 'dispatched';
    if (!wanted) {
      log.debug('An order is void: its run has moved on', { run: id, attempt });
      return;
    }
    // No frame carries it, so its payload may be of any size.
    const payload = (await payloadOf(run)) ?? 'null';
    const order = { ...(await toOrder({ run, payload })), payload };
    // Dispatched up to 3 s ahead: a worker would hold it as long.
    await pause(Math.max(0, run.dueAt - now()));
    const begun = await runs.commit(start({ id, attempt, pool: FUNCTION_POOL }, now(), now()).change);
    if (begun.kind === 'lost') {
      return;
    }
    const put = createPutOutput(ports);
    const result = await execute(order, async (pieces) => {
      await Promise.all(pieces.map((text, piece) => put(id, attempt, piece, text)));
    });
    const settled = await endAttempt.byResult(result, FUNCTION_POOL);
    if (settled.kind !== 'stale') {
      await ended(settled.run);
    }
  };
