/** The app as its tests see it: templates and constructs of one stage, without bundles. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, Stack } from 'aws-cdk-lib';
import { afterAll } from 'vitest';
import * as z from 'zod';
import { buildApp } from '../../lib/infrastructure/app.ts';

/** A stage as one would run it in earnest. */
export const PRODUCTION = {
  name: 'prod',
  settings: { alarmEmail: 'operator@example.com' },
};

const templateSchema = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      Metadata: z.record(z.string(), z.unknown()).default({}),
      DeletionPolicy: z.string().optional(),
    }),
  ),
  Outputs: z.record(z.string(), z.unknown()).default({}),
});
export type Template = z.output<typeof templateSchema>;
export type Resource = Template['Resources'][string] & { readonly id: string };

/** Synthesising takes a second or two; on a machine that is busy with other tests, many times that. */
export const SYNTH_TIMEOUT_MS = 120_000;

const scratch: string[] = [];
afterAll(() => {
  for (const directory of scratch) {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** An empty directory for a cloud assembly, gone after the tests of the file. */
export const scratchDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'cronsaga-synth-'));
  scratch.push(directory);
  return directory;
};

export const appOf = (stage: { name: string; settings: unknown }): App =>
  buildApp({ stage, bundling: false, checks: false, outdir: scratchDirectory() });

/** Templates by stack, in the order of deployment. */
export const templatesOf = (app: App): Map<string, Template> =>
  new Map(
    app
      .synth()
      .stacksRecursively.map((stack) => [
        stack.hierarchicalId.replace(/^.*\//, ''),
        templateSchema.parse(stack.template),
      ]),
  );

export const stacksOf = (app: App): Map<string, Stack> =>
  new Map(
    app.node
      .findAll()
      .filter((node) => Stack.isStack(node))
      .map((stack) => [stack.node.id, stack]),
  );

export const resourcesOf = (templates: Iterable<Template>, type: string): Resource[] =>
  [...templates]
    .flatMap((template) => Object.entries(template.Resources))
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => ({ id, ...resource }));
