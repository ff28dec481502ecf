import type { RunOrder, RunResult } from '../contracts/frames.ts';
import { MAX_WHOLE_OUTPUT_BYTES } from '../contracts/limits.ts';
import { piecesOf } from '../contracts/output-pieces.ts';
import { errorText } from './handlers.ts';
import { askHttpApi, type HttpApi } from './http-api.ts';
import { fitResult } from './result-size.ts';

/** Brings an output to the control plane before its result. Rejects when some of it may not have got there. */
export type StoreOutput = (order: RunOrder, pieces: readonly string[]) => Promise<void>;

/** Pieces on their way at once: 20 of them make the longest output. */
const AT_ONCE = 4;

/** Sends the pieces to the path that the order names. */
export const createStoreOutput =
  (api: HttpApi): StoreOutput =>
  async ({ outputPath = '' }, pieces) => {
    const waiting = [...pieces.entries()];
    const send = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [piece, text] = next;
        const asked = { method: 'PUT', body: JSON.stringify({ piece, text }) } as const;
        await askHttpApi(outputPath, api, asked, async (response) => response.body?.cancel());
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
  };

/**
 * Where an order asks for the whole output, a result whose output would be cut leaves without it: it is stored first. What cannot
 * be stored fails the attempt, for the steps after it would work with half of it.
 * @param output as the handler gave it
 */
export async function withWholeOutput(
  {
    order,
    result,
    output,
  }: { readonly order: RunOrder; readonly result: RunResult; readonly output: string | undefined },
  store: StoreOutput,
): Promise<RunResult> {
  const isCut = output !== undefined && result.output !== output;
  if (order.outputPath === undefined || !isCut || result.outcome !== 'succeeded') return result;
  const { output: _cut, ...rest } = result;
  const failed = (error: string): RunResult =>
    fitResult({ ...rest, outcome: 'failed', reason: 'output_not_stored', error });
  const pieces = piecesOf(output);
  if (pieces === undefined) {
    const most = MAX_WHOLE_OUTPUT_BYTES;
    return failed(`The output has more than ${most} bytes, and no more is kept: let it name where the rest is.`);
  }
  try {
    await store(order, pieces);
    return { ...rest, outputPieces: pieces.length };
  } catch (error) {
    return failed(`The output could not be stored: ${errorText(error)}`);
  }
}
