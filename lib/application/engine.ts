/** The whole wiring of the use cases: ports in, engine out. */
import { createRing } from './alarms/ring.ts';
import { createWatchRun } from './alarms/watch-run.ts';
import { createWatchSession } from './alarms/watch-session.ts';
import type { Engine } from './api.ts';
import { createFindCredit } from './dispatch/find-credit.ts';
import { createOfferRun } from './dispatch/offer-run.ts';
import { createPush } from './dispatch/push.ts';
import { createServeSession } from './dispatch/serve-session.ts';
import type { Ports } from './ports/index.ts';
import { createCancelRun, createSendCancel } from './runs/cancel-run.ts';
import { createCountChanges } from './runs/count-changes.ts';
import { createEndAttempt } from './runs/end-attempt.ts';
import { createListRuns } from './runs/list-runs.ts';
import { createFindSubmitted, createSubmitRun } from './runs/submit-run.ts';
import { createViewRun } from './runs/view-run.ts';
import { createSettleLost } from './sessions/end-session.ts';
import { createOpenSession } from './sessions/open-session.ts';
import { createReceiveFrame } from './sessions/receive-frame.ts';
import { createDisconnect, createExpel, createRejectFrame } from './sessions/reject-frame.ts';
import { createSettleReport } from './sessions/settle-report.ts';

export const createEngine = (ports: Ports): Engine => {
  const viewRun = createViewRun(ports);
  const findCredit = createFindCredit(ports);
  const { push, pushAgain } = createPush(ports);
  const offerRun = createOfferRun(ports, findCredit, push);
  const serveSession = createServeSession(ports, push);
  const endAttempt = createEndAttempt(ports);
  const sendCancel = createSendCancel(ports);
  const settleLost = createSettleLost(ports, endAttempt);
  const settleReport = createSettleReport(ports, { pushAgain, serveSession });
  const openSession = createOpenSession(ports, { serveSession, settleLost, settleReport });
  const watchRun = createWatchRun(ports, { findCredit, offerRun, push, pushAgain, endAttempt, sendCancel });
  const watchSession = createWatchSession(ports, settleLost);
  const ring = createRing(ports);

  return {
    submitRun: createSubmitRun(ports, { findCredit, push, offerRun, viewRun }),
    findSubmitted: createFindSubmitted(ports, viewRun),
    getRun: async (id) => {
      const run = await ports.runs.get(id, 'consistent');
      return run === undefined ? undefined : viewRun(run);
    },
    cancelRun: createCancelRun(ports, { viewRun, sendCancel }),
    listRuns: createListRuns(ports, viewRun),
    receiveFrame: createReceiveFrame(ports, { openSession, settleReport, endAttempt, serveSession }),
    rejectFrame: createRejectFrame(ports),
    expel: createExpel(ports),
    disconnect: createDisconnect(ports),
    ring: (alarm) => {
      const { key } = alarm;
      return key.kind === 'run' ? ring(alarm, watchRun(key.id)) : ring(alarm, watchSession(key));
    },
    countChanges: createCountChanges(ports),
  };
};
