import type { HealthPort } from '../../application/ports/index.ts';

/** What lies in this process answers as long as the process does. */
export const createMemoryHealth = (): HealthPort => ({ dynamodb: async () => undefined, sqs: async () => undefined });
