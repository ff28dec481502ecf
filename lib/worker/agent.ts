/**
 * The worker's side of the protocol: one session over changing sockets, frames in, frames out. What it keeps, by rule:
 * K1 (session id in memory, results on disk), K2 (a redelivery is ignored or answered), K3 (tombstones), K4 (foreign
 * frames, sleep), K5 (the session is gone), C2 and C6 (credit), S1 to S3 (hello, resume, two sockets).
 */
import type {
  AttemptRef,
  RunOrder,
  ServerFrame,
  ServerFrameOf,
  WorkerFrame,
  WorkerFrameOf,
} from '../contracts/frames.ts';
import { KILL_GRACE_MS, SESSION_LOSS_MS, SLEEP_SUSPECT_MS } from '../domain/timing.ts';
import { createAttemptMemory } from './attempt-memory.ts';
import { type Cancel, type Clock, createServerClock } from './clock.ts';
import { type ConnectorTimings, createConnector } from './connector.ts';
import type { Registered } from './handlers.ts';
import type { Link, LinkEvents } from './link.ts';
import type { WorkerLogger } from './logger.ts';
import type { LoadedPayload } from './order-payload.ts';
import { createOutbox } from './outbox.ts';
import { createSession, type Identity, type Load, type Session } from './session.ts';
import { createSleepWatch } from './sleep-watch.ts';
import { createSlots } from './slots.ts';
import type { Spool } from './spool.ts';
import { createStreaming } from './streaming.ts';
import { every } from './timers.ts';
import { createWaiters } from './waiters.ts';
import type { StoreOutput } from './whole-output.ts';

export type AgentParams = {
  /** Begins to open a socket to the control plane. */
  readonly openLink: (events: LinkEvents) => Link;
  /** Never the same twice, in any process. */
  readonly makeSessionId: () => string;
  /** Never rejects; its result is not looked at when the signal was aborted. */
  readonly loadPayload: (order: RunOrder, signal: AbortSignal) => Promise<LoadedPayload>;
  readonly storeOutput: StoreOutput;
  readonly identity: Identity;
  readonly handlers: ReadonlyMap<string, Registered>;
  readonly spool: Spool;
  readonly logger: WorkerLogger;
  readonly clock: Clock;
  /** 0 ≤ random < 1: spreads the reconnects of a fleet. */
  readonly random: () => number;
  readonly timings: ConnectorTimings;
  /** The first `welcome` of a session has come. */
  readonly onWelcome: (welcome: ServerFrameOf<'welcome'>) => void;
};

export type Agent = {
  readonly start: () => void;
  /** Grants no more credit, lets what is held end, then leaves; after `withinMs` it leaves anyway. */
  readonly drain: (withinMs: number) => Promise<void>;
  /** Kills what runs and leaves now. */
  readonly stop: () => Promise<void>;
};

/** How often old gaps, old results and a sleep of the machine are looked for. */
const PULSE_MS = 1_000;
/** A goodbye that has not left by then is not waited for: the session then ends by its silence. */
const GOODBYE_WITHIN_MS = 1_000;
/** Killed processes are gone at once; a handler of this process that heeds no signal is left behind after two seconds. */
const STOPPED_WITHIN_MS = 2_500;

/** `hello` and its `welcome` are of the session's first socket. */
const epochOf = (frame: WorkerFrameOf<'hello' | 'resume'> | ServerFrameOf<'welcome' | 'resumed'>): number =>
  frame.type === 'resume' || frame.type === 'resumed' ? frame.epoch : 1;

export function createAgent(params: AgentParams): Agent {
  const { clock, logger, identity } = params;
  const serverClock = createServerClock(clock);
  const sleepWatch = createSleepWatch(clock, SLEEP_SUSPECT_MS);
  const memory = createAttemptMemory(clock);
  let session: Session = createSession(identity, clock, params.makeSessionId(), undefined);
  /** Whether hello was said for this session: it may exist although no answer came. */
  let introduced = false;
  /** False from the moment at which the session may have been lost until the control plane says that it was not (K4). */
  let confirmed = false;
  /** The newest greeting, while it is not answered. An answer to an earlier one, read after a sleep, proves nothing. */
  let asked: { readonly link: Link; readonly epoch: number } | undefined;
  let reportedAt = Number.NEGATIVE_INFINITY;
  let draining = false;
  /** What a person set goes before what the worker was started with. */
  let maxTasks = identity.maxTasks;
  let finished: Promise<void> | undefined;
  let cancelHeartbeat: Cancel = () => {};
  let cancelPulse: Cancel = () => {};
  const waiters = createWaiters(clock);
  const startedToTell = new Map<AttemptRef, number>();

  const load = (): Load => ({ max: draining ? 0 : maxTasks, inFlight: slots.inFlight() });

  const slots = createSlots({
    maxTasks: () => maxTasks,
    handlers: params.handlers,
    clock,
    serverClock,
    loadPayload: params.loadPayload,
    storeOutput: params.storeOutput,
    // A worker that could not report for so long may have lost its session without knowing.
    mayStart: () => {
      noticeSleep();
      return confirmed && clock.monotonicMs() - reportedAt <= Math.max(SLEEP_SUSPECT_MS, 2 * session.heartbeatMs);
    },
    onResult: (result) => {
      memory.remember(result);
      outbox.add(result);
    },
    onStarted: (ref, startedAt) => {
      startedToTell.set(ref, startedAt);
      clock.defer(tellStarted);
    },
    onProgress: ({ ref: [run, attempt], percent, note }) => {
      const text = note === undefined ? {} : { note };
      send({ type: 'progress', ...session.envelope, run, attempt, percent, ...text });
    },
    openStream: (order) => streaming.open(order),
    onGone: waiters.check,
  });

  const streaming = createStreaming({
    clock,
    send: ([run, attempt], from, text, done) =>
      send({ type: 'log', ...session.envelope, run, attempt, from, text }, done),
    onSent: waiters.check,
  });

  const outbox = createOutbox({
    spool: params.spool,
    clock,
    send: (results, done) => sendReport(() => session.result(load(), results), done),
    onEmpty: waiters.check,
  });

  const connector = createConnector(
    { openLink: params.openLink, clock, logger, timings: params.timings, random: params.random },
    {
      greet: (link) => greet(link),
      frame: (frame, link) => onFrame(frame, link),
      roundTrip: serverClock.observeRoundTrip,
    },
  );

  /** Frames for a session that was not confirmed would be about something that may be over. */
  function send(frame: WorkerFrame, done?: (sent: boolean) => void): boolean {
    const link = connector.current();
    if (link === undefined || !link.isOpen() || !confirmed) return false;
    link.send(frame, done);
    return true;
  }

  function sendReport(make: () => WorkerFrame, done?: (sent: boolean) => void): boolean {
    const link = connector.current();
    if (link === undefined || !link.isOpen() || !confirmed) return false;
    reportedAt = clock.monotonicMs();
    link.send(make(), done);
    return true;
  }

  function heartbeat(): void {
    sendReport(() => session.heartbeat(load(), slots.list()));
    connector.current()?.ping();
  }

  function tellStarted(): void {
    const held = [...startedToTell].filter(([ref]) => slots.holds(ref));
    const runs = held.map(([[run, attempt], startedAt]) => ({ run, attempt, startedAt }));
    if (runs.length === 0 || send({ type: 'started', ...session.envelope, runs })) startedToTell.clear();
  }

  /** Hello for a new session, resume for one that may still live (S1, S2). */
  function greet(link: Link): void {
    const silentMs = clock.monotonicMs() - reportedAt;
    // After 45 s the session is lost, unless its alarm is late: worth a question when there are runs to keep.
    const resumes = session.welcomed && (silentMs < SESSION_LOSS_MS || slots.inFlight() > 0);
    if (!resumes && introduced) renewSession();
    introduced = true;
    // A new session also takes over what has ended and was not told yet: else it counts as lost before the result arrives.
    const greeting = resumes
      ? session.resume(load(), slots.list())
      : session.hello(load(), [...slots.list(), ...outbox.unsent()]);
    asked = { link, epoch: epochOf(greeting) };
    connector.expectAnswer(link);
    link.send(greeting);
  }

  /** On the link that brought the news, unless that is one that will be closed soon. */
  function greetAfter(link: Link): void {
    const target = connector.inUse(link) ? link : connector.current();
    if (target?.isOpen() === true) greet(target);
  }

  /** K5. The new id says which one it replaces, so that the control plane need not wait for the old one's silence. */
  function renewSession(): void {
    confirmed = false;
    slots.abandon(KILL_GRACE_MS);
    startedToTell.clear();
    session = createSession(identity, clock, params.makeSessionId(), session.id);
    introduced = false;
    asked = undefined;
  }

  function noticeSleep(): void {
    // Also between hello and its welcome: the session that a buffered welcome is for may be over.
    if (!sleepWatch.sleptTooLong() || !introduced) return;
    logger.warn('this process stood still; nothing starts until the control plane confirms the session');
    confirmed = false;
    serverClock.forget();
    const link = connector.current() ?? asked?.link;
    // The socket may still work, and what waits in it is wanted; if not, the missing answer cuts it.
    if (link?.isOpen() === true) greet(link);
  }

  function onFrame(frame: ServerFrame, link: Link): void {
    if (finished !== undefined) return;
    noticeSleep();
    if (frame.type === 'error') {
      logger.warn('the control plane reports an error', { code: frame.code, message: frame.message });
    } else if (frame.session !== session.id) {
      logger.debug('a frame for another session was dropped', { type: frame.type });
    } else {
      onSessionFrame(frame, link);
    }
  }

  function onSessionFrame(frame: Exclude<ServerFrame, { type: 'error' }>, link: Link): void {
    switch (frame.type) {
      case 'welcome':
        onConfirmed(frame, link, frame.heartbeatMs);
        break;
      case 'resumed':
        onConfirmed(frame, link, session.heartbeatMs);
        break;
      case 'gone':
        logger.warn('the session is over; saying hello under a new one', { session: session.id });
        renewSession();
        greetAfter(link);
        break;
      case 'run':
        serverClock.observe(frame.at);
        for (const order of frame.runs) onOrder(order);
        break;
      case 'cancel':
        onCancel(frame);
        break;
      case 'configure':
        setMaxTasks(frame.maxTasks);
        heartbeat();
        break;
      case 'sync':
        session.sync(frame.q);
        heartbeat();
        break;
      case 'stale':
        outbox.discard(frame.attempts);
        break;
    }
  }

  function onConfirmed(frame: ServerFrameOf<'welcome' | 'resumed'>, link: Link, heartbeatMs: number): void {
    serverClock.observe(frame.at);
    if (asked?.link !== link || asked.epoch !== epochOf(frame)) return;
    asked = undefined;
    connector.answered(link);
    // The first ping was timed while the process was busy connecting; the shortest round trip counts.
    link.ping();
    const first = !session.welcomed;
    session.welcomed = true;
    session.heartbeatMs = heartbeatMs;
    confirmed = true;
    reportedAt = clock.monotonicMs();
    logger.info(first ? 'connected' : 'session resumed', { session: session.id });
    cancelHeartbeat();
    cancelHeartbeat = every(clock, heartbeatMs, heartbeat);
    if (frame.type === 'welcome') onWelcome(frame, first);
    streaming.resume();
    outbox.flush();
    tellStarted();
    slots.pump();
  }

  function onWelcome(frame: ServerFrameOf<'welcome'>, first: boolean): void {
    const before = maxTasks;
    setMaxTasks(frame.maxTasks ?? identity.maxTasks);
    if (maxTasks !== before) heartbeat();
    if (first) params.onWelcome(frame);
  }

  function setMaxTasks(most: number): void {
    if (most === maxTasks) return;
    logger.info('runs at a time', { maxTasks: most });
    maxTasks = most;
    slots.pump();
  }

  function onOrder(order: RunOrder): void {
    const ref: AttemptRef = [order.run, order.attempt];
    // K2. The seq of a known attempt was counted when it first came; an adopted one's is even another session's (S2).
    if (slots.holds(ref)) return;
    const known = memory.find(ref);
    if (known !== undefined) {
      outbox.resend(known);
      return;
    }
    session.receive(order.seq);
    slots.accept(order);
    if (memory.isBuried(ref)) slots.cancel(ref, 0);
  }

  function onCancel({ run, attempt, graceMs }: ServerFrameOf<'cancel'>): void {
    const ref: AttemptRef = [run, attempt];
    const known = memory.find(ref);
    if (slots.holds(ref)) slots.cancel(ref, graceMs);
    // The result that it asks for as evidence was lost.
    else if (known !== undefined) outbox.resend(known);
    else memory.bury(ref);
  }

  function pulse(): void {
    noticeSleep();
    if (session.voidOldGaps()) heartbeat();
    memory.purge();
    outbox.purge();
    streaming.purge();
  }

  async function leave(): Promise<void> {
    cancelHeartbeat();
    cancelPulse();
    // Dead before the goodbye, which lets others begin what they did.
    slots.abandonAll();
    await waiters.until(() => slots.inFlight() === 0, STOPPED_WITHIN_MS);
    let said = !send({ type: 'goodbye', ...session.envelope }, () => {
      said = true;
      waiters.check();
    });
    await waiters.until(() => said, GOODBYE_WITHIN_MS);
    connector.stop();
    if (outbox.waiting() > 0) logger.warn('results wait on disk for the next start', { results: outbox.waiting() });
    logger.info('stopped', { session: session.id });
  }

  function finish(): Promise<void> {
    finished ??= leave();
    waiters.check();
    return finished;
  }

  return {
    start() {
      for (const result of params.spool.read()) {
        memory.remember(result);
        outbox.resend(result);
      }
      cancelPulse = every(clock, PULSE_MS, pulse);
      connector.start();
    },
    async drain(withinMs) {
      if (!draining) {
        draining = true;
        heartbeat();
      }
      const empty = (): boolean => slots.inFlight() === 0 && outbox.waiting() === 0 && !streaming.waits();
      await waiters.until(() => finished !== undefined || empty(), withinMs);
      await finish();
    },
    stop() {
      draining = true;
      return finish();
    },
  };
}
