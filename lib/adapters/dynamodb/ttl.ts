/** When DynamoDB may delete an item: epoch seconds. It does so up to 48 h late, so readers look at their own instants. */
export const toTtl = (expiresAt: number): number => Math.ceil(expiresAt / 1_000);
