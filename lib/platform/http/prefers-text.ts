/** Content negotiation, as far as one choice needs it: plain text or JSON (RFC 9110 §12.5.1). */

const RANGES = {
  'text/plain': ['text/plain', 'text/*', '*/*'],
  'application/json': ['application/json', 'application/*', '*/*'],
};

/** Weight of a type, from the most specific range that names it. */
const weightOf = (type: keyof typeof RANGES, weights: ReadonlyMap<string, number>): number => {
  const range = RANGES[type].find((candidate) => weights.has(candidate));
  return (range === undefined ? undefined : weights.get(range)) ?? 0;
};

/** Whether text is wanted more than JSON; on a tie (any type, or no header) it is not. */
export const prefersText = (accept = ''): boolean => {
  const weights = new Map<string, number>();
  for (const part of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim());
    const quality = Number(parameters.find((text) => text.startsWith('q='))?.slice(2) ?? 1);
    weights.set(range, Number.isNaN(quality) ? 1 : quality);
  }
  return weightOf('text/plain', weights) > weightOf('application/json', weights);
};
