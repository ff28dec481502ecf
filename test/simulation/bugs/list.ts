import type { Bug } from './bug.ts';
import { ACCESS_BUGS } from './list-access.ts';
import { ALARM_BUGS } from './list-alarms.ts';
import { ARMING_BUGS } from './list-arming.ts';
import { CREDIT_BUGS } from './list-credit.ts';
import { JOB_BUGS } from './list-jobs.ts';
import { RUN_BUGS } from './list-runs.ts';
import { SAGA_BUGS } from './list-sagas.ts';
import { WORKER_BUGS } from './list-worker.ts';
import { WRITE_BUGS } from './list-writes.ts';

export const BUGS: readonly Bug[] = [
  ...ALARM_BUGS,
  ...ARMING_BUGS,
  ...CREDIT_BUGS,
  ...RUN_BUGS,
  ...WRITE_BUGS,
  ...WORKER_BUGS,
  ...ACCESS_BUGS,
  ...JOB_BUGS,
  ...SAGA_BUGS,
];
