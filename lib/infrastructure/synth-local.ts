/** The templates that the local runtime runs: the same stacks, without bundles, checks or the CDK CLI. */
import { buildApp } from './app.ts';
import type { LOCAL_STAGE } from './app-stage.ts';

/**
 * Group D is open, as its documented examples carry no token; the worker's token is made anew by each start and given to
 * the `$connect` function by the runtime.
 */
const localSettings = { removal: 'destroy', openGroups: ['D'] };

export type SynthesizeOptions = {
  readonly stage: typeof LOCAL_STAGE;
  /** Where the cloud assembly is written. */
  readonly outdir: string;
};

/**
 * Writes the template of every stack.
 * @returns the templates' paths, each after those that it imports from
 */
export const synthesizeTemplates = ({ stage, outdir }: SynthesizeOptions): string[] => {
  const app = buildApp({
    stage: { name: stage, settings: localSettings },
    bundling: false,
    checks: false,
    outdir,
  });
  return app.synth().stacksRecursively.map((stack) => stack.templateFullPath);
};
