/** Who may do what: the function that keeps users and API keys, the keys that it signs tokens with, and the first admin. */
import { CfnOutput, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { identityEnvSchema } from '../../platform/env/schemas.ts';
import { admissionAccess } from '../authentication.ts';
import { ServiceFunction } from '../constructs/service-function.ts';
import { commonEnvironment } from '../engine.ts';
import { removalPolicyOf, type StageConfig } from '../stage-config.ts';
import type { DataStack } from './data-stack.ts';

/**
 * One whole CPU (memory brings it in proportion). A bcrypt hash of cost 12 takes about 0.27 s of one; with the 512 MB of the
 * other functions (0.29 CPU) it would take a second, and cost the same: half the memory for twice the time.
 */
const IDENTITY_MEMORY_MB = 1_769;

export class IdentityStack extends Stack {
  readonly identity: ServiceFunction;

  constructor(scope: Construct, id: string, config: StageConfig, { data }: { readonly data: DataStack }) {
    super(scope, id, {
      description: 'Cronsaga: users, API keys and the keys that sign tokens',
      terminationProtection: config.removal === 'retain',
    });

    // Named by the configuration and not by their place in it, so that a key put in front leaves the others alone.
    const tokenKeys = config.tokenKeys.map(
      (name) =>
        new Key(this, `TokenKey-${name}`, {
          description: `Cronsaga ${config.stage}: signs access and refresh tokens (${name})`,
          keySpec: KeySpec.ECC_NIST_P256,
          keyUsage: KeyUsage.SIGN_VERIFY,
          removalPolicy: removalPolicyOf(config),
          // The shortest that KMS offers: no data is lost with the key, and its last token expires in as many days.
          pendingWindow: Duration.days(7),
        }),
    );
    const adminSecret = adminSecretOf(this, config);

    const admission = admissionAccess(config, data);
    const { mayManageIdentity, mayThrottle } = data.policies;
    this.identity = new ServiceFunction(this, 'Identity', {
      config,
      entry: 'functions/http/identity.ts',
      description: 'Logs people in; keeps users, API keys and the audit log',
      schema: identityEnvSchema,
      environment: {
        ...commonEnvironment(config),
        ...admission.environment,
        TABLE_NAME: data.executions.tableName,
        TOKEN_KEYS: tokenKeys.map((key) => key.keyArn).join(','),
        ADMIN_SECRET_ARN: adminSecret.secretArn,
      },
      policies: [...admission.policies, mayManageIdentity, mayThrottle],
      memoryMb: IDENTITY_MEMORY_MB,
    });
    const { fn, role } = this.identity;
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['kms:Sign', 'kms:GetPublicKey'],
        resources: tokenKeys.map((key) => key.keyArn),
      }),
    );
    fn.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [adminSecret.secretArn] }),
    );
    for (const key of tokenKeys) {
      // The account's IAM policies administer the key, and an administrator's `kms:*` would sign with it too.
      key.addToResourcePolicy(
        new PolicyStatement({
          effect: Effect.DENY,
          principals: [new StarPrincipal()],
          actions: ['kms:Sign'],
          resources: ['*'],
          conditions: { ArnNotEquals: { 'aws:PrincipalArn': role.roleArn } },
        }),
      );
    }
  }
}

/** The password that the first admin gets, made by AWS and seen by nobody until somebody reads it. */
const adminSecretOf = (scope: Construct, config: StageConfig): Secret => {
  const secret = new Secret(scope, 'FirstAdmin', {
    description: `Cronsaga ${config.stage}: how the first admin logs in`,
    // Changing any of this makes a new password, which the admin, who is made once, does not have.
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username: 'admin', email: 'admin@example.com' }),
      generateStringKey: 'password',
      passwordLength: 32,
      // It is pasted into shells. 32 letters and digits are 190 bits.
      excludePunctuation: true,
    },
    removalPolicy: removalPolicyOf(config),
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason: 'It is used once, to make the first admin, who then changes the password through the API.',
  });
  new CfnOutput(scope, 'FirstAdminSecret', {
    value: secret.secretArn,
    description: 'Where the first password is: aws secretsmanager get-secret-value --secret-id <this>',
  });
  return secret;
};
