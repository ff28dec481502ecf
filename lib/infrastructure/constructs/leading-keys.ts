/** Bounds a policy's statement to partitions of a table. */
import type { Conditions } from 'aws-cdk-lib/aws-iam';

const LEADING_KEYS = 'dynamodb:LeadingKeys';

/** @param partitions partition keys, or their beginnings, which end in `#` */
export const inPartitions = (partitions: readonly string[]): Conditions => ({
  'ForAllValues:StringLike': { [LEADING_KEYS]: partitions.map((key) => (key.endsWith('#') ? `${key}*` : key)) },
  // `ForAllValues` is true of a request without any key: this asks for one.
  Null: { [LEADING_KEYS]: 'false' },
});

/** For a Deny: one such key among those of a request is enough. */
export const touchingPartition = (partition: string): Conditions => ({
  'ForAnyValue:StringLike': { [LEADING_KEYS]: [partition.endsWith('#') ? `${partition}*` : partition] },
});
