/** How Lambda gathers alarms and row changes before it invokes, as the deployed template says. */
import * as z from 'zod';
import type { NamedTemplate } from '../../lib/local/template/resolver.ts';

const sourceSchema = z.object({
  BatchSize: z.number(),
  MaximumBatchingWindowInSeconds: z.number().default(0),
  TumblingWindowInSeconds: z.number().default(0),
  StartingPosition: z.string().optional(),
  FilterCriteria: z.object({ Filters: z.array(z.object({ Pattern: z.string() })) }).optional(),
});

export type Gathering = {
  readonly batchSize: number;
  readonly windowMs: number;
  readonly tumblingMs: number;
  readonly filters: readonly string[];
};

export const readGathering = (
  templates: readonly NamedTemplate[],
): { readonly queue: Gathering; readonly stream: Gathering } => {
  const sources = templates
    .flatMap(({ template }) => Object.values(template.Resources))
    .filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
    .map(({ Properties }) => sourceSchema.parse(Properties));
  const find = (isStream: boolean): Gathering => {
    const source = sources.find(({ StartingPosition }) => (StartingPosition !== undefined) === isStream);
    if (source === undefined) {
      throw new Error(`The template has no event source for the ${isStream ? 'stream' : 'queue'}`);
    }
    return {
      batchSize: source.BatchSize,
      windowMs: source.MaximumBatchingWindowInSeconds * 1_000,
      tumblingMs: source.TumblingWindowInSeconds * 1_000,
      filters: source.FilterCriteria?.Filters.map(({ Pattern }) => Pattern) ?? [],
    };
  };
  return { queue: find(false), stream: find(true) };
};
