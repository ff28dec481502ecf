import type { WorkerFrameOf } from '../../contracts/frames.ts';
import type { SessionRef } from '../../domain/session.ts';

/** What a person set for a worker; it goes before what the worker says of itself. */
export type Greeted = {
  readonly maxTasks?: number;
  readonly tags?: readonly string[];
  readonly categories?: readonly string[];
  readonly disabled?: true;
};

/** Makes a worker that introduces itself known, before its session is opened. @param ref where that session is going to be */
export type Greet = (frame: WorkerFrameOf<'hello'>, ref: SessionRef) => Promise<Greeted>;
