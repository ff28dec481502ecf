/** API Gateway ends every connection after 2 h: what is known of one can expire then, with an hour's margin. */
export const CONNECTION_KEPT_MS = 3 * 60 * 60_000;

/**
 * A socket's last frames may be handled after its `$disconnect`, by functions that stood still for as long as any can: until
 * then it is known what they were let in with.
 */
export const LATE_FRAMES_MS = 5 * 60_000;
