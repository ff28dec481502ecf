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

/** How the partition keys of the rows begin that the totals are made of: no other change reaches the consumer of the stream. */
export const COUNTED_PARTITIONS = {
  /** Runs that were submitted. */
  run: 'RUN#',
  /** Runs of jobs. */
  jobRun: 'JOB_RUN#',
  /** Transactions. */
  saga: 'SAGA#',
  /** What waits for a person in them. */
  sagaException: 'SAGA_EXCEPTION#',
} as const;
