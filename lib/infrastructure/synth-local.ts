/** The templates that the local runtime runs: the same stacks, without bundles, checks or the CDK CLI. */
import { buildApp } from './app.ts';
import type { LOCAL_STAGE } from './app-stage.ts';

/**
 * Groups D and E are open, as their documented examples carry no token. One machine has few callers, and each may be a load
 * test: the throttle is there and does not get in the way.
 */
const localSettings = {
  removal: 'destroy',
  openGroups: ['D', 'E'],
  stepQueues: { demo: 'own' },
  principalThrottle: { ratePerSecond: 10_000, burst: 20_000 },
};

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
