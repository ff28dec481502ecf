/** When to come again (RFC 9110 §10.2.3): whole seconds, rounded up, so that nobody comes too early; at least one. */
export const secondsUntil = (instant: number, now: number): number => Math.max(1, Math.ceil((instant - now) / 1000));

export const retryAfter = (seconds: number): Readonly<Record<string, string>> => ({ 'retry-after': String(seconds) });
