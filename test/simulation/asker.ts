/** Somebody who asks the use cases, as any API would for him, and asks again where nobody answers. */
import type { Engine } from '../../lib/application/api.ts';
import type { Basics } from './basics.ts';
import type { Functions } from './cloud/functions.ts';

/** Somebody waits so long for an answer, and so long before he asks again. */
const GIVES_UP_MS = 30_000;
const AGAIN_MS = 2_000;
const TRIES = 8;

type Surroundings = Pick<Basics, 'timeline' | 'faults' | 'say'> & { readonly functions: Functions };

export const createAsker = (who: string, { timeline, faults, say, functions }: Surroundings) => {
  /** Once, answered or not. */
  const ask = async <Answer>(what: string, work: (engine: Engine) => Promise<Answer>): Promise<Answer | undefined> => {
    if (faults.strike('request_doubled')) {
      void functions.invoke('engine', work);
    }
    const unanswered = faults.strike('request_unanswered');
    const ended = await Promise.race([
      functions.invoke('engine', work),
      timeline.pause(GIVES_UP_MS).then(() => ({ kind: 'died' }) as const),
    ]);
    const answer = ended.kind === 'answered' && !unanswered ? ended.answer : undefined;
    say(() => [who, `${what} → ${answer === undefined ? 'no answer' : JSON.stringify(answer).slice(0, 80)}`]);
    return answer;
  };

  /** Until somebody answers. */
  const insist = async <Answer>(
    what: string,
    work: (engine: Engine) => Promise<Answer>,
  ): Promise<Answer | undefined> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const answer = await ask(what, work);
      if (answer !== undefined) {
        return answer;
      }
      await timeline.pause(AGAIN_MS);
    }
    return undefined;
  };

  return { ask, insist };
};
