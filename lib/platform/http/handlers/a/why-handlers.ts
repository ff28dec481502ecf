/** Why something is not running, and where workers connect. */
import type { Engine } from '../../../../application/api.ts';
import type { Handlers } from '../../serve.ts';
import { ok, UNKNOWN } from './a-answers.ts';

export type WhyDependencies = {
  readonly engine: Pick<Engine, 'why' | 'whyJob'>;
  /** Where workers connect. */
  readonly webSocketUrl: string;
};

export const whyHandlers = ({
  engine,
  webSocketUrl,
}: WhyDependencies): Pick<Handlers, 'whyTask' | 'whyCronjob' | 'getTaskSocket'> => ({
  whyTask: async ({ params }) => {
    const why = await engine.why(params.id);
    return why === undefined ? UNKNOWN : ok(200, why);
  },
  whyCronjob: async ({ params }) => {
    const why = await engine.whyJob(params.id);
    return why === undefined ? UNKNOWN : ok(200, why);
  },
  getTaskSocket: () => ok(200, { url: webSocketUrl }),
});
