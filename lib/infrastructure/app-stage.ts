/**
 * One deployment, split into stacks by lifecycle. References flow one way only, so a stack can be changed or replaced
 * without touching those before it:
 *
 *     Data ← Messaging ← Identity ← Realtime ← Api ← Observability
 */
import { Stage, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ApiStack } from './stacks/api-stack.ts';
import { DataStack } from './stacks/data-stack.ts';
import { IdentityStack } from './stacks/identity-stack.ts';
import { MessagingStack } from './stacks/messaging-stack.ts';
import { ObservabilityStack } from './stacks/observability-stack.ts';
import { RealtimeStack } from './stacks/realtime-stack.ts';
import type { StageConfig } from './stage-config.ts';

/** The stage that `npm start` runs: open groups are its purpose, so nothing is warned of. */
export const LOCAL_STAGE = 'local';

export class AppStage extends Stage {
  constructor(scope: Construct, config: StageConfig) {
    const { stage, account, region } = config;
    super(scope, stage, {
      // Begins the stacks' names, which share one list with everything else in the account.
      stageName: `cronsaga-${stage}`,
      env: { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) },
    });

    const data = new DataStack(this, 'Data', config);
    const messaging = new MessagingStack(this, 'Messaging', config);
    const identity = new IdentityStack(this, 'Identity', config, { data });
    const realtime = new RealtimeStack(this, 'Realtime', config, { data, messaging });
    const api = new ApiStack(this, 'Api', config, { data, messaging, realtime, identity });
    new ObservabilityStack(this, 'Observability', config, { data, messaging, realtime, identity, api });

    if (stage !== LOCAL_STAGE) {
      warnOfOpenGroups(api, config);
    }
  }
}

const warnOfOpenGroups = (api: ApiStack, config: StageConfig): void => {
  if (config.openGroups.length > 0) {
    Validations.of(api).addWarning(
      'cronsaga-open-groups',
      `API groups ${config.openGroups.join(', ')} of stage "${config.stage}" answer everyone on the internet without a token; whoever can create a task or a flow can run commands on its workers.`,
    );
  }
};
