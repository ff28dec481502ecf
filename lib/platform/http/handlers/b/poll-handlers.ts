/** Work for workers without a socket. */
import type { Engine } from '../../../../application/api.ts';
import type { PollAnswer } from '../../../../application/sessions/poll.ts';
import type { PollInput } from '../../../../application/sessions/poll-session.ts';
import type { PollReply } from '../../../../contracts/http/b/poll.ts';
import { servesPool } from '../../../../domain/identity/access.ts';
import { lookUntil, type Waiting } from '../../long-poll.ts';
import type { Handlers } from '../../serve.ts';
import { answerWith } from '../c-answers.ts';

export type PollDependencies = Waiting & { readonly engine: Pick<Engine, 'poll'> };

const hasNews = ({ runs, cancel }: PollAnswer): boolean => runs.length > 0 || cancel.length > 0;

export const pollHandlers = ({ engine, ...waiting }: PollDependencies): Pick<Handlers, 'pollWorker'> => ({
  pollWorker: async ({ params, query: { wait }, body }, { principal }) => {
    const { pool, handlers, tags = [], labels, categories, max_tasks, instance, running = [], results = [] } = body;
    if (!servesPool(principal.pools, pool)) {
      return { status: 403, error: `权限不足: 该密钥不能用于 pool ${pool}` };
    }
    const input: PollInput = {
      ...{ worker: params.id, pool, handlers, tags, maxTasks: max_tasks, running, results },
      ...(labels === undefined ? {} : { labels }),
      ...(categories === undefined ? {} : { categories }),
      ...(instance === undefined ? {} : { instance }),
    };
    let again: 'again' | undefined;
    const look = (): Promise<PollAnswer> => {
      const answer = engine.poll(input, again);
      again = 'again';
      return answer;
    };
    const { session, at, runs, cancel, heartbeatMs } = await lookUntil(look, hasNews, wait * 1_000, waiting);
    const work: PollReply = {
      ...{ session, at, runs: [...runs], heartbeat_ms: heartbeatMs },
      cancel: cancel.map(([run, attempt]) => [run, attempt]),
    };
    return answerWith(200, '获取成功', work, waiting.now());
  },
});
