import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  creditLimit,
  EMPTY_WINDOW,
  receiveSeq,
  type SlotWindow,
  syncTo,
  voidOldGaps,
} from '../../lib/domain/slot-window.ts';
import { GAP_VOID_MS } from '../../lib/domain/timing.ts';

const receiveAll = (seqs: readonly number[], now = 0): SlotWindow =>
  seqs.reduce((window, seq) => receiveSeq(window, seq, now), EMPTY_WINDOW);
const gapsOf = (window: SlotWindow): number[] => [...window.gaps.keys()].sort((a, b) => a - b);
/** fast-check's own function is also typed for asynchronous properties. */
const holds = <T>(property: fc.IProperty<T>, parameters: fc.Parameters<T> = {}): void =>
  fc.assert(property, parameters);
const seqs = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 });

describe('slot window', () => {
  it('reserves the slot of a push that was overtaken (C2, H12)', () => {
    const max = 2;
    const overtaken = receiveSeq(EMPTY_WINDOW, 2, 0);
    expect(creditLimit(overtaken, max, 1)).toBe(2);
    expect(creditLimit(receiveSeq(overtaken, 1, 0), max, 2)).toBe(2);
  });

  it('may report less than it has seen: slots were cut or a voided push came after all', () => {
    expect(creditLimit(receiveAll([1, 2, 3]), 2, 3)).toBe(2);
  });

  it('grants nothing while it drains', () => {
    expect(creditLimit(receiveAll([1, 2, 3, 4]), 0, 3)).toBe(1);
    expect(creditLimit(receiveAll([1, 2, 3, 4]), 0, 0)).toBe(4);
  });

  it('knows exactly what is missing, whatever the order and the repetitions', () => {
    holds(
      fc.property(seqs, (received) => {
        const window = receiveAll(received);
        const seen = Math.max(0, ...received);
        const missing = Array.from({ length: seen }, (_, index) => index + 1).filter((seq) => !received.includes(seq));
        expect(window.seen).toBe(seen);
        expect(gapsOf(window)).toEqual(missing);
      }),
    );
  });

  it('is not changed by a push that comes again', () => {
    holds(
      fc.property(seqs, (received) => {
        const window = receiveAll(received, 1);
        for (const seq of received) expect(receiveSeq(window, seq, 2)).toEqual(window);
      }),
    );
  });

  it('a sync never goes back, voids what is missing up to q and nothing above it (C6)', () => {
    holds(
      fc.property(seqs, fc.integer({ min: 0, max: 80 }), (received, q) => {
        const before = receiveAll(received);
        const after = syncTo(before, q);
        expect(after.seen).toBe(Math.max(before.seen, q));
        expect(gapsOf(after)).toEqual(gapsOf(before).filter((seq) => seq > q));
      }),
    );
  });

  it('accepts the run of a voided seq without counting it twice (C6)', () => {
    holds(
      fc.property(seqs, (received) => {
        const before = receiveAll(received);
        const voided = syncTo(before, before.seen);
        for (const seq of before.gaps.keys()) expect(receiveSeq(voided, seq, 1)).toEqual(voided);
      }),
    );
  });

  it('voids a gap only when it is older than GAP_VOID_MS, counted from when it was first noticed', () => {
    const first = receiveSeq(EMPTY_WINDOW, 3, 1_000);
    const window = receiveSeq(first, 5, 20_000);
    expect(voidOldGaps(window, 1_000 + GAP_VOID_MS)).toBe(window);
    expect(gapsOf(voidOldGaps(window, 1_001 + GAP_VOID_MS))).toEqual([4]);
    expect(gapsOf(voidOldGaps(window, 20_001 + GAP_VOID_MS))).toEqual([]);
  });

  it('a seq from nowhere costs bounded memory', () => {
    expect(receiveSeq(EMPTY_WINDOW, Number.MAX_SAFE_INTEGER, 0).gaps.size).toBeLessThanOrEqual(1_000);
  });

  it('never lets the control plane exceed max, with reports overtaken and pushes reordered (C1–C3, no voids)', () => {
    type Server = { q: number; limit: number; rep: number };
    type Step = { readonly kind: 'push' | 'deliver' | 'finish' | 'report' | 'store'; readonly pick: number };
    const step: fc.Arbitrary<Step> = fc.record({
      kind: fc.constantFrom('push', 'deliver', 'finish', 'report', 'store'),
      pick: fc.nat({ max: 50 }),
    });
    holds(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 200 }), (max, steps) => {
        const server: Server = { q: 0, limit: max, rep: 0 };
        let window = EMPTY_WINDOW;
        let inFlight = 0;
        let rep = 0;
        const onTheWay: number[] = [];
        const reports: { rep: number; limit: number }[] = [];
        const act: Record<Step['kind'], (pick: number) => void> = {
          push: () => {
            if (server.q >= server.limit) return;
            server.q += 1;
            onTheWay.push(server.q);
          },
          deliver: (pick) => {
            const [seq] = onTheWay.splice(pick % Math.max(1, onTheWay.length), 1);
            if (seq === undefined) return;
            window = receiveSeq(window, seq, 0);
            inFlight += 1;
          },
          finish: () => {
            inFlight = Math.max(0, inFlight - 1);
          },
          report: () => {
            rep += 1;
            reports.push({ rep, limit: creditLimit(window, max, inFlight) });
          },
          store: (pick) => {
            const [report] = reports.splice(pick % Math.max(1, reports.length), 1);
            if (report !== undefined && report.rep > server.rep) Object.assign(server, report);
          },
        };
        for (const { kind, pick } of steps) {
          act[kind](pick);
          expect(inFlight + onTheWay.length).toBeLessThanOrEqual(max);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives every slot back once all is received, voided and finished', () => {
    holds(
      fc.property(seqs, fc.integer({ min: 1, max: 100 }), (received, max) => {
        const window = receiveAll(received);
        const quiet = voidOldGaps(window, GAP_VOID_MS + 1);
        expect(creditLimit(quiet, max, 0)).toBe(quiet.seen + max);
      }),
    );
  });
});
