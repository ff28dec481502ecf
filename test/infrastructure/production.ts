/** The resources of a stage as one would run it in earnest, and how to find them. */
import { expect } from 'vitest';
import { ENTRY_METADATA } from '../../lib/infrastructure/constructs/service-function.ts';
import { appOf, PRODUCTION, type Resource, resourcesOf, templatesOf } from './synthesized-stacks.ts';

export const app = appOf(PRODUCTION);
export const templates = templatesOf(app);

export const ofType = (type: string): Resource[] => resourcesOf(templates.values(), type);
/** `[id, resource]` of each, to name a test after. */
export const each = (type: string): [string, Resource][] => ofType(type).map((resource) => [resource.id, resource]);
export const text = (value: unknown): string => JSON.stringify(value);

export const functionOf = (entry: string): Resource => {
  const found = ofType('AWS::Lambda::Function').find(({ Metadata }) => Metadata[ENTRY_METADATA] === entry);
  expect.assert(found !== undefined, `no function runs ${entry}`);
  return found;
};
