/** What the engine stands on, each asked by one cheap call that is given up after a second. Rejects where it does not answer. */
export const HEALTH_SERVICES = ['dynamodb', 'sqs'] as const;
export type HealthService = (typeof HEALTH_SERVICES)[number];

export type HealthPort = Readonly<Record<HealthService, () => Promise<void>>>;
