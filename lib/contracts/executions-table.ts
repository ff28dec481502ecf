/**
 * How those partition keys of the executions table begin that others than the engine write: as with the definitions table,
 * their functions' roles are bounded by them.
 */
export const EXECUTION_PARTITIONS = {
  /** A worker's connection. */
  connection: 'CONN#',
  /** The bucket of a principal's requests. */
  throttle: 'THROTTLE#',
} as const;
