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
import { type Link, type LinkParams, openLink } from './link.ts';

export type ConnectorTimings = {
  /** `welcome`, `resumed` or `gone` is expected within this; then the socket is cut and another one opened. */
  readonly answerWithinMs: number;
  /** The next socket is opened between these: API Gateway cuts every one after 2 h. */
  readonly rotateAfterMs: readonly [least: number, most: number];
  /** Frames that were sent on the old socket before the new one took over may still come (S3). */
  readonly readOldForMs: number;
  /** After a refused token the next try comes between half of this and this. */
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

export function createConnector(
  params: LinkParams & { readonly timings: ConnectorTimings; readonly random: () => number },
  events: ConnectorEvents,
): Connector {
  const { clock, logger, timings, random } = params;
  let current: Link | undefined;
  let pending: Link | undefined;
  const retired = new Map<Link, NodeJS.Timeout>();
  const answerTimers = new Map<Link, NodeJS.Timeout>();
  let openTimer: NodeJS.Timeout | undefined;
  let rotateTimer: NodeJS.Timeout | undefined;
  let failures = 0;
  let currentSince = 0;
  let refusalSaid = false;
  let stopped = false;

  const open = (): void => {
    const link = openLink(params, {
      opened: () => events.greet(link),
      frame: (frame) => events.frame(frame, link),
      roundTrip: events.roundTrip,
      closed: (end) => onClosed(link, end),
    });
    pending = link;
  };

  const openIn = (delayMs: number): void => {
    clearTimeout(openTimer);
    openTimer = setTimeout(open, delayMs);
  };

  const onClosed = (link: Link, end: { readonly refused?: number; readonly detail: string }): void => {
    clearTimeout(answerTimers.get(link));
    answerTimers.delete(link);
    clearTimeout(retired.get(link));
    if (retired.delete(link) || stopped) return;
    if (link === current) {
      current = undefined;
      clearTimeout(rotateTimer);
      if (clock.monotonicMs() - currentSince >= timings.lastedMs) failures = 0;
      // The next socket was being opened anyway: it takes over.
      if (pending !== undefined) return;
    } else {
      pending = undefined;
    }
    openIn(nextDelay(end));
  };

  const nextDelay = ({ refused, detail }: { readonly refused?: number; readonly detail: string }): number => {
    if (refused === 401 || refused === 403) {
      // The token may be replaced on the other side, so it is tried again, at the slowest pace, and said once.
      if (!refusalSaid) {
        logger.error(`the control plane refuses this token (HTTP ${refused}): check the token and the URL. Trying on.`);
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
      setTimeout(() => link.close(), timings.readOldForMs),
    );
  };

  return {
    start: open,
    current: () => current,
    inUse: (link) => link === current || link === pending,
    expectAnswer(link) {
      clearTimeout(answerTimers.get(link));
      const cut = (): void => {
        logger.warn('the control plane does not answer', { withinMs: timings.answerWithinMs });
        link.terminate();
      };
      answerTimers.set(link, setTimeout(cut, timings.answerWithinMs));
    },
    answered(link) {
      clearTimeout(answerTimers.get(link));
      answerTimers.delete(link);
      if (link !== pending) return;
      if (current !== undefined) retire(current);
      current = link;
      pending = undefined;
      currentSince = clock.monotonicMs();
      refusalSaid = false;
      const [least, most] = timings.rotateAfterMs;
      clearTimeout(rotateTimer);
      rotateTimer = setTimeout(open, least + random() * (most - least));
    },
    stop() {
      stopped = true;
      clearTimeout(openTimer);
      clearTimeout(rotateTimer);
      for (const timer of [...answerTimers.values(), ...retired.values()]) clearTimeout(timer);
      for (const link of [current, pending, ...retired.keys()]) link?.close();
    },
  };
}
