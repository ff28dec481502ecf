/** The CDK app, run by the CDK CLI as cdk.json says. */
import { buildApp } from '../lib/infrastructure/app.ts';
import { StageConfigError } from '../lib/infrastructure/stage-config.ts';

try {
  buildApp().synth();
} catch (error) {
  if (!(error instanceof StageConfigError)) {
    throw error;
  }
  // The mistake is in the configuration: a stack trace would only hide it.
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
