/**
 * Keeps one link to the control plane in use, for ever.
 *
 * | link    | since                                              | until                                              |
 * | ------- | -------------------------------------------------- | -------------------------------------------------- |
 * | pending | it was opened                                      | its greeting is answered → current; else it closes |
 * | current | its greeting was answered                          | it closes, or the next one takes over → retired    |
 * | retired | the next one took over                             | 30 s later it is closed (S3); it is read until then |
 */
import type { ServerFrame } from '../contracts/frames.ts';
import { RECONNECT_CAP_MS, reconnectDelayMs } from './backoff.ts';
import type { Cancel, Clock } from './clock.ts';
import type { Link, LinkEvents } from './link.ts';
import type { WorkerLogger } from './logger.ts';

export type ConnectorTimings = {
  /** `welcome`, `resumed` or `gone` is expected within this; then the socket is cut and another one opened. */
  readonly answerWithinMs: number;
  /** The next socket is opened between these: API Gateway cuts every one after 2 h. */
  readonly rotateAfterMs: readonly [least: number, most: number];
  /** Frames that were sent on the old socket before the new one took over may still come (S3). */
  readonly readOldForMs: number;
  /** After a refused key the next try comes between half of this and this. */
  readonly refusedDelayMs: number;
  /** A connection that lasted this long was a working one: the backoff starts anew. */
  readonly lastedMs: number;
};
export const CONNECTOR_TIMINGS: ConnectorTimings = {
  answerWithinMs: 10_000,
  rotateAfterMs: [90 * 60_000, 110 * 60_000],
  readOldForMs: 30_000,
  refusedDelayMs: RECONNECT_CAP_MS,
  lastedMs: 10_000,
};

/** What to do about a refused upgrade, by its HTTP status. */
const REMEDIES: Readonly<Record<number, string>> = {
  401: 'it is mistyped, expired or revoked, or its owner is disabled. Start the worker with a valid one.',
  403: 'it may not connect as a worker, or the URL is not the control plane’s. It needs the scope workers:connect.',
};

export type ConnectorParams = {
  /** Begins to open a socket to the control plane. */
  readonly openLink: (events: LinkEvents) => Link;
  readonly clock: Clock;
  readonly logger: WorkerLogger;
  readonly timings: ConnectorTimings;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
};

export type ConnectorEvents = {
  /** Say hello or resume on this link. */
  readonly greet: (link: Link) => void;
  readonly frame: (frame: ServerFrame, link: Link) => void;
  readonly roundTrip: (ms: number) => void;
};

export type Connector = {
  readonly start: () => void;
  readonly current: () => Link | undefined;
  /** Whether the link is current or may become it. */
  readonly inUse: (link: Link) => boolean;
  /** A greeting was sent on this link: it is cut when no answer comes. */
  readonly expectAnswer: (link: Link) => void;
  /** The greeting on this link was answered: it is the current one now. */
  readonly answered: (link: Link) => void;
  readonly stop: () => void;
};

export function createConnector(params: ConnectorParams, events: ConnectorEvents): Connector {
  const { openLink, clock, logger, timings, random } = params;
  let current: Link | undefined;
  let pending: Link | undefined;
  const retired = new Map<Link, Cancel>();
  const answerTimers = new Map<Link, Cancel>();
  let cancelOpen: Cancel = () => {};
  let cancelRotation: Cancel = () => {};
  let failures = 0;
  let currentSince = 0;
  let refusalSaid = false;
  let stopped = false;

  const open = (): void => {
    const link = openLink({
      opened: () => events.greet(link),
      frame: (frame) => events.frame(frame, link),
      roundTrip: events.roundTrip,
      closed: (end) => onClosed(link, end),
    });
    pending = link;
  };

  const openIn = (delayMs: number): void => {
    cancelOpen();
    cancelOpen = clock.startTimer(delayMs, open);
  };

  const onClosed = (link: Link, end: { readonly refused?: number; readonly detail: string }): void => {
    answerTimers.get(link)?.();
    answerTimers.delete(link);
    retired.get(link)?.();
    if (retired.delete(link) || stopped) return;
    if (link === current) {
      current = undefined;
      cancelRotation();
      if (clock.monotonicMs() - currentSince >= timings.lastedMs) failures = 0;
      // The next socket was being opened anyway: it takes over.
      if (pending !== undefined) return;
    } else {
      pending = undefined;
    }
    openIn(nextDelay(end));
  };

  const nextDelay = ({ refused, detail }: { readonly refused?: number; readonly detail: string }): number => {
    const remedy = refused === undefined ? undefined : REMEDIES[refused];
    if (remedy !== undefined) {
      // What is wrong may be put right on the other side, so it is tried again, at the slowest pace, and said once.
      if (!refusalSaid) {
        logger.error(`the control plane refuses this API key (HTTP ${refused}): ${remedy} Trying on, seldom.`);
      }
      refusalSaid = true;
      return timings.refusedDelayMs * (0.5 + random() / 2);
    }
    const delayMs = reconnectDelayMs(failures, random());
    failures += 1;
    logger.warn('not connected to the control plane', { why: detail, nextTryInMs: Math.round(delayMs) });
    return delayMs;
  };

  const retire = (link: Link): void => {
    retired.set(
      link,
      clock.startTimer(timings.readOldForMs, () => link.close()),
    );
  };

  return {
    start: open,
    current: () => current,
    inUse: (link) => link === current || link === pending,
    expectAnswer(link) {
      answerTimers.get(link)?.();
      const cut = (): void => {
        logger.warn('the control plane does not answer', { withinMs: timings.answerWithinMs });
        link.terminate();
      };
      answerTimers.set(link, clock.startTimer(timings.answerWithinMs, cut));
    },
    answered(link) {
      answerTimers.get(link)?.();
      answerTimers.delete(link);
      if (link !== pending) return;
      if (current !== undefined) retire(current);
      current = link;
      pending = undefined;
      currentSince = clock.monotonicMs();
      refusalSaid = false;
      const [least, most] = timings.rotateAfterMs;
      cancelRotation();
      cancelRotation = clock.startTimer(least + random() * (most - least), open);
    },
    stop() {
      stopped = true;
      cancelOpen();
      cancelRotation();
      for (const cancel of [...answerTimers.values(), ...retired.values()]) cancel();
      for (const link of [current, pending, ...retired.keys()]) link?.close();
    },
  };
}
