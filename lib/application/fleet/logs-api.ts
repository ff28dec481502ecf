/** What the edges may ask of the logs of runs. An unknown run is an answer; only faults throw. */
import type { LogHead } from '../ports/index.ts';

export type RunLog = Omit<LogHead, 'streamed'>;

export type LogText = {
  readonly text: string;
  /** Where the next read begins. UTF-8 bytes from the beginning of the log. */
  readonly next: number;
  /** This is its end: nothing will be added by the run. */
  readonly complete: boolean;
};

export type LogWritten = { readonly kind: 'written'; readonly log: RunLog } | { readonly kind: 'no_run' };

/**
 * What a client writes is kept also of a run whose own output is not (`saveLog`): it asked for it.
 * `storage` is the client's word for where it wants the log to be; it is kept, and changes nothing.
 */
type Text = { readonly text: string; readonly storage?: string };

export type Logs = {
  /** A log where the run has none. */
  readonly create: (run: string, text: Text) => Promise<LogWritten | { readonly kind: 'exists' }>;
  /** Adds to the end; makes the log where there is none. */
  readonly append: (run: string, text: Text) => Promise<LogWritten>;
  readonly replace: (run: string, text: Text) => Promise<LogWritten>;
  /** What was streamed or written. What is left of the run are the texts that its last attempt reported. */
  readonly remove: (run: string) => Promise<boolean>;
  /**
   * The log of a run: what was streamed while it ran, or written by a client; where there is neither, what the last attempt
   * of a run that has ended reported.
   */
  readonly find: (run: string) => Promise<RunLog | undefined>;
  /** Its text from a position on. Also of a run that has written nothing yet. */
  readonly read: (run: string, from: number, bytes: number) => Promise<LogText | undefined>;
  /** Logs that were streamed or written, newest first; `matches` is asked of the first 2,000. */
  readonly list: (query: {
    readonly matches: (log: RunLog) => boolean;
    readonly offset: number;
    readonly limit: number;
  }) => Promise<{
    readonly logs: readonly RunLog[];
    /** All that match; where `partial`, those that were seen. */
    readonly total: number;
    readonly partial: boolean;
  }>;
};
