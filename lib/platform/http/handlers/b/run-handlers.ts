/** API B's runs: by hand and by schedule, and what became of each occurrence. */
import type { Engine } from '../../../../application/api.ts';
import { BAD_CURSOR } from '../../../../contracts/http/a/inputs.ts';
import { badRequest } from '../../../../contracts/http/c-inputs.ts';
import type { AuditDraft } from '../../../../domain/identity/audit.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { isTerminal, type RunStatus } from '../../../../domain/run.ts';
import type { Handlers } from '../../serve.ts';
import { answerWith } from '../c-answers.ts';
import { fromOf, KEY_REUSED, pageView, UNKNOWN_TASK } from './page-view.ts';
import { createdRunView, runView, STATUS_WORD, statusesOf } from './run-view.ts';

export type RunDependencies = {
  readonly engine: Pick<Engine, 'jobs' | 'getRun' | 'cancelRun' | 'listRuns'>;
  /** Appends to the audit log. */
  readonly record: (draft: AuditDraft) => Promise<void>;
  /** Epoch ms. */
  readonly now: () => number;
};

const DAY_MS = 86_400_000;
const UNKNOWN_RUN = { status: 404, error: '运行记录不存在' } as const;

const ended = (status: RunStatus) =>
  ({ status: 409, error: `运行已结束: 状态为 ${STATUS_WORD[status]}, 不能取消` }) as const;

export const runHandlers = ({
  engine,
  record,
  now,
}: RunDependencies): Pick<Handlers, 'triggerJob' | 'listJobRuns' | 'getRun' | 'cancelRun' | 'getJobLedger'> => {
  const { jobs } = engine;

  return {
    triggerJob: async ({ params: { id }, headers }, { principal }) => {
      const key = headers['idempotency-key'];
      const asked = key === undefined ? undefined : { caller: principal.id, key, fingerprint: `triggerJob ${id}` };
      const triggered = await jobs.trigger(id, asked);
      switch (triggered.kind) {
        case 'started':
        case 'replayed':
          return answerWith(200, '触发成功', createdRunView(triggered.run), now());
        case 'not_found':
          return UNKNOWN_TASK;
        case 'disabled':
          return { status: 400, error: badRequest('任务已禁用: 请先将 status 改为 active 或 paused') };
        case 'key_reused':
          return KEY_REUSED;
        case 'busy':
          return {
            status: 409,
            error: `任务正在运行: 运行 ${triggered.run} 尚未结束, concurrency_policy 为 forbid 时不能再次触发`,
          };
      }
    },

    listJobRuns: async ({ params: { id }, query }) => {
      const [job, runs] = await Promise.all([
        jobs.get(id),
        engine.listRuns({
          families: ['job'],
          job: id,
          ...(query.status === undefined ? {} : { statuses: statusesOf(query.status) }),
          limit: query.size,
          from: fromOf(query),
        }),
      ]);
      if (job === undefined) {
        return UNKNOWN_TASK;
      }
      return runs.kind === 'bad_cursor'
        ? { status: 400, error: BAD_CURSOR }
        : answerWith(200, '获取成功', pageView(runs.runs.map(runView), query, runs), now());
    },

    getRun: async ({ params }) => {
      const run = await engine.getRun(params.id);
      return run === undefined ? UNKNOWN_RUN : answerWith(200, '获取成功', runView(run), now());
    },

    cancelRun: async ({ params: { id } }, { principal, address, requestId }) => {
      const run = await engine.getRun(id);
      if (run === undefined) {
        return UNKNOWN_RUN;
      }
      if (isTerminal(run.status)) {
        return ended(run.status);
      }
      // Before the cancel: nothing is cancelled unrecorded. After the look: made-up ids leave no entries.
      await record({
        ...{ at: now(), actor: principal.id, action: 'run.cancel', entity: `run:${id}`, address, requestId },
      });
      const result = await engine.cancelRun(id);
      switch (result.kind) {
        case 'cancelled':
          return answerWith(200, '取消成功', runView(result.run), now());
        case 'not_found':
          return UNKNOWN_RUN;
        case 'already_ended':
          return ended(result.run.status);
      }
    },

    getJobLedger: async ({ params, query }) => {
      const to = query.to ?? now();
      const from = query.from ?? to - DAY_MS;
      if (from >= to) {
        return { status: 400, error: badRequest('from 必须早于 to') };
      }
      // One more than asked for tells where the rest begins.
      const entries = await jobs.ledger(params.id, { from, to, limit: query.limit + 1 });
      if (entries === undefined) {
        return UNKNOWN_TASK;
      }
      const rest = entries[query.limit];
      return answerWith(
        200,
        '获取成功',
        {
          items: entries.slice(0, query.limit).map(({ n, outcome, reason, run, status }) => ({
            scheduled_at: formatInstant(n),
            outcome,
            reason: reason ?? null,
            run_id: run ?? null,
            status: status === undefined ? null : STATUS_WORD[status],
          })),
          ...(rest === undefined ? {} : { next_from: formatInstant(rest.n) }),
        },
        now(),
      );
    },
  };
};
