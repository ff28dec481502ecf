import type { Table } from '../../lib/adapters/dynamodb/client.ts';

const NAME = 'loseAnswer';

export type LostAnswer = {
  /** Writes sent since, the lost one included. */
  readonly sent: () => number;
};

/**
 * The next write that is not refused is carried out, but its answer never comes, and the SDK sends it again.
 * @param meanwhile happens before it does
 * @param rewrite changes the body of what is sent again
 */
export const loseNextAnswer = (
  { client }: Table,
  {
    meanwhile = async () => undefined,
    rewrite = (body) => body,
  }: { readonly meanwhile?: () => Promise<unknown>; readonly rewrite?: (body: string) => string } = {},
): LostAnswer => {
  let state: 'armed' | 'busy' | 'done' = 'armed';
  let sent = 0;
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        if (/^(Get|BatchGet|Query)/.test(commandName) || state === 'busy') {
          return next(args);
        }
        sent += 1;
        if (state === 'done') {
          const request = args.request as { body: string | Uint8Array };
          const text = typeof request.body === 'string' ? request.body : new TextDecoder().decode(request.body);
          request.body = new TextEncoder().encode(rewrite(text));
          return next(args);
        }
        state = 'busy';
        try {
          await next(args);
        } catch (error) {
          // Refused: there was nothing to lose.
          state = 'armed';
          throw error;
        }
        await meanwhile();
        state = 'done';
        // What the SDK's own request handler throws after `requestTimeout`, and repeats.
        throw Object.assign(new Error('The answer was lost'), { name: 'TimeoutError' });
      },
    { step: 'deserialize', priority: 'high', name: NAME, override: true },
  );
  return { sent: () => sent };
};

export const keepAnswers = ({ client }: Table): void => {
  client.middlewareStack.remove(NAME);
};
