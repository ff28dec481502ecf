/** A row that a person must act on. */
export type RunException = {
  readonly kind: 'run_failed';
  readonly id: string;
  readonly at: number;
  readonly run: string;
  readonly attempt: number;
  readonly handler: string;
  readonly reason: string;
  readonly error?: string;
};

export type WorkerException = {
  readonly kind: 'worker_lost';
  readonly id: string;
  readonly at: number;
  readonly pool: string;
  readonly session: string;
  readonly worker: string;
  /** (run, attempt) pairs it held. */
  readonly held: readonly string[];
};

/** Written once under its id; a second write of the same is a no-op. */
export type ExceptionStore = { readonly record: (exception: WorkerException) => Promise<void> };
