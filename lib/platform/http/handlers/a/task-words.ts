/** How a run stands, in API A's words. */
import type { TaskStatus } from '../../../../contracts/http/a/task.ts';
import { type FailureReason, keepsOutput, type Run, type RunStatus } from '../../../../domain/run.ts';

type Standing = Pick<Run, 'status'> & Partial<Pick<Run, 'reason' | 'tries'>>;

/** It could not be executed, or nobody knows how its execution ended: `error`. Anything else that failed ran, and said no. */
const NOT_RUN: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'no_handler',
  'refused',
  'worker_lost',
  'payload_unavailable',
  'bad_payload',
  'operator_not_run',
]);

export const statusOf = ({ status, reason, tries = 0 }: Standing): TaskStatus => {
  switch (status) {
    case 'scheduled':
      return tries > 0 ? 'retrying' : 'pending';
    case 'ready':
    case 'dispatched':
      return 'pending';
    case 'running':
      return 'running';
    case 'succeeded':
      return 'success';
    case 'failed':
      return reason !== undefined && NOT_RUN.has(reason) ? 'error' : 'failed';
    case 'timed_out':
      return 'timeout';
    case 'cancelled':
    case 'skipped':
      return 'canceled';
  }
};

/** The statuses of runs that a word may stand for; {@link statusOf} tells which of those runs it does. */
export const RUN_STATUSES_OF: Readonly<Record<TaskStatus, readonly RunStatus[]>> = {
  pending: ['scheduled', 'ready', 'dispatched'],
  running: ['running'],
  success: ['succeeded'],
  failed: ['failed'],
  error: ['failed'],
  timeout: ['timed_out'],
  canceled: ['cancelled', 'skipped'],
  retrying: ['scheduled'],
};

const REASON_TEXT: Readonly<Record<FailureReason, string>> = {
  handler_failed: '执行失败',
  timed_out: '执行超时',
  not_started: '未在截止时间前开始',
  worker_lost: '工作节点失联',
  payload_unavailable: '工作节点无法获取任务内容',
  output_not_stored: '执行成功, 但输出无法保存',
  no_handler: '工作节点没有对应的执行器',
  refused: '工作节点不允许执行',
  bad_payload: '任务内容缺少执行器所需的字段',
  operator: '由操作员结束',
  operator_not_run: '由操作员结束: 无法执行',
  not_fulfilled: '所等待的事务没有成功',
};

const SKIP_TEXT: Readonly<Record<NonNullable<Run['skip']>, string>> = {
  overlap: '已跳过: 上一次运行尚未结束 (overlap)',
  deadline: '已跳过: 已超过启动期限 (deadline)',
};

/** What A's document stores of an output, and what it shows of a longer one. */
const MAX_OUTPUT = 1_024;
const KEPT_OF_EACH_END = 100;

export const cutOutput = (text: string): string => {
  const characters = [...text];
  return characters.length < MAX_OUTPUT
    ? text
    : `${characters.slice(0, KEPT_OF_EACH_END).join('')}\n\n....\n\n\n${characters.slice(-KEPT_OF_EACH_END).join('')}`;
};

/** In place of an output that is not kept. */
const SUCCEEDED = '执行成功';

/** What a person noted; else what the worker reported: its output, or its error where it has none, or why there is neither. */
export const outputOf = (run: Run): string => {
  if (run.notedOutput !== undefined) {
    return cutOutput(run.notedOutput);
  }
  if (run.status === 'succeeded' && !keepsOutput(run)) {
    return SUCCEEDED;
  }
  const why = run.skip === undefined ? run.reason && REASON_TEXT[run.reason] : SKIP_TEXT[run.skip];
  return cutOutput(run.output || run.error || why || '');
};
