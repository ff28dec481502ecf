/**
 * The names that cdk-nag gives to single findings of a rule. They contain the ARN as the template writes it, which differs
 * with the Region and account of a stage: so they are made by cdk-nag's own flattening and never written by hand.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { Construct } from 'constructs';

const flat = (scope: Construct, arn: string): string => flattenCfnReference(Stack.of(scope).resolve(arn));

/** A policy must name a resource by a wildcard. */
export const acknowledgeWildcard = (policy: Construct, arn: string, reason: string): void =>
  Validations.of(policy).acknowledge({ id: `AwsSolutions-IAM5[Resource::${flat(policy, arn)}]`, reason });

/** A role takes a policy that AWS writes. */
export const acknowledgeAwsPolicy = (role: Construct, arn: string, reason: string): void =>
  Validations.of(role).acknowledge({ id: `AwsSolutions-IAM4[Policy::${flat(role, arn)}]`, reason });
