/**
 * What the engine is wired of: runs on their way to sessions and back. A function that needs no more than some of it composes
 * these alone: reading schedules (cron-parser, luxon) is a quarter of the engine, and would be loaded at each cold start.
 */
import { createAged } from './dispatch/ageing.ts';
import { createFindCredit } from './dispatch/find-credit.ts';
import { createOfferRun } from './dispatch/offer-run.ts';
import { createPush } from './dispatch/push.ts';
import { createQueues } from './dispatch/queues.ts';
import { createServeSession } from './dispatch/serve-session.ts';
import { createToOrder } from './dispatch/to-order.ts';
import { createWorkers } from './fleet/workers.ts';
import type { Ports } from './ports/index.ts';
import { createCancelRun, createSendCancel } from './runs/cancel-run.ts';
import { createCreateRun } from './runs/create-run.ts';
import { createEndAttempt } from './runs/end-attempt.ts';
import { createEnded } from './runs/ended.ts';
import { createFulfilRun } from './runs/fulfil-run.ts';
import { createPayloadOf } from './runs/payload-of.ts';
import { createViewRun } from './runs/view-run.ts';
import { createSagaParts } from './sagas/saga-parts.ts';
import { createSettleLost } from './sessions/end-session.ts';
import { createOpenSession } from './sessions/open-session.ts';
import { createSettleReport } from './sessions/settle-report.ts';

export const createParts = (ports: Ports) => {
  // The end of a run moves its transaction on, which creates and ends runs: so it is named before there is any of it.
  const ended = createEnded((run) => sagaParts.ended(run));
  const payloadOf = createPayloadOf(ports);
  const viewRun = createViewRun(ports, payloadOf);
  const queues = createQueues(ports);
  const toOrder = createToOrder(payloadOf);
  const findCredit = createFindCredit(ports, queues);
  const { push, pushAgain } = createPush(ports, { toOrder, queues });
  const offerRun = createOfferRun(ports, findCredit, push);
  const serveSession = createServeSession(ports, { push, queues, aged: createAged(ports), ended });
  const endAttempt = createEndAttempt(ports);
  const sendCancel = createSendCancel(ports);
  const settleLost = createSettleLost(ports, { endAttempt, ended });
  const settleReport = createSettleReport(ports, { pushAgain, serveSession });
  const workers = createWorkers(ports);
  const { greet } = workers;
  const openSession = createOpenSession(ports, { serveSession, settleLost, settleReport, greet });
  const createRun = createCreateRun(ports, { findCredit, push, offerRun });
  const cancelRun = createCancelRun(ports, { viewRun, sendCancel, ended });
  const fulfil = createFulfilRun(ports, ended);
  const sagaParts = createSagaParts(ports, { createRun, cancelRun, fulfil });
  return {
    ...{ viewRun, ended, createRun, cancelRun, sagaParts },
    ...{ payloadOf, queues, toOrder, findCredit, push, pushAgain, offerRun, serveSession, endAttempt, sendCancel },
    ...{ settleLost, settleReport, workers, greet, openSession },
  };
};
export type Parts = ReturnType<typeof createParts>;
