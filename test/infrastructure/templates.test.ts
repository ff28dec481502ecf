import { describe, expect, it } from 'vitest';
import { appOf, PRODUCTION, templatesOf } from './synthesized-stacks.ts';

/** The hash of an asset changes with every line of the functions, and would say nothing here. */
const withoutHashes = (template: unknown): unknown =>
  JSON.parse(JSON.stringify(template).replaceAll(/"S3Key":"[0-9a-f]{64}\.zip"/g, '"S3Key":"<hash>.zip"'));

describe('a change of the infrastructure is seen in review', () => {
  const templates = templatesOf(appOf(PRODUCTION));

  it.each([...templates.keys()])('%s', (stack) => {
    expect(withoutHashes(templates.get(stack))).toMatchSnapshot();
  });
});
