/** The CDK app: one stage of Cronsaga, checked by cdk-nag before a template leaves the house. */
import { App, type AppProps, Validations } from 'aws-cdk-lib';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { AppStage } from './app-stage.ts';
import { parseStageConfig } from './stage-config.ts';

/** Given here and not in cdk.json, so that a template is the same whoever synthesises it: the CLI, a test, `npm start`. */
const featureFlags = {
  ...recommendedFlags,
  // The recommended weak reference lets CloudFormation delete a table or queue that another stack still uses.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
};

export type AppOptions = {
  /** Absent: the context's `stage`, and its settings in the context's `stages`, as the CDK CLI reads them from cdk.json. */
  readonly stage?: { readonly name: string; readonly settings: unknown };
  /** Without bundling the functions' assets are not built: for those who read the templates only. */
  readonly bundling?: boolean;
  /** Without checks no cdk-nag rule is applied. */
  readonly checks?: boolean;
  readonly outdir?: string;
};

export const buildApp = ({ stage, bundling = true, checks = true, outdir }: AppOptions = {}): App => {
  const props: AppProps = {
    // No CDK metadata resource and condition in the templates: they would tell AWS nothing that we want told.
    analyticsReporting: false,
    context: { ...featureFlags, ...(bundling ? {} : { 'aws:cdk:bundling-stacks': [] }) },
    ...(outdir === undefined ? {} : { outdir }),
  };
  const app = new App(props);
  const name: unknown = stage?.name ?? app.node.tryGetContext('stage');
  const config = parseStageConfig(name, stage?.settings ?? app.node.tryGetContext('stages')?.[String(name)]);
  new AppStage(app, config);
  if (checks) {
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  }
  return app;
};
