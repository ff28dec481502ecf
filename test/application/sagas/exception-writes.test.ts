import { describe, expect, it } from 'vitest';
import { applied, noted } from '../../../lib/application/sagas/exception-writes.ts';
import { type DeskNote, MAX_DESK_NOTE_BYTES, MAX_DESK_NOTES } from '../../../lib/domain/saga/saga.ts';
import { anException, aSaga } from '../../support/saga-rows.ts';

const note = (text: string): DeskNote => ({ at: 0, by: 'ann', what: 'comment', text });
const noteAll = (texts: readonly string[]) =>
  texts.reduce((row, text) => noted(row, note(text)), anException(aSaga())).notes.map(({ text }) => text);

describe('the notes of an exception', () => {
  it('are the last hundred', () => {
    const texts = Array.from({ length: MAX_DESK_NOTES + 1 }, (_, at) => `note ${at}`);
    expect(noteAll(texts)).toEqual(texts.slice(1));
  });

  it('are no more than an item can hold, however long each is: the oldest go', () => {
    const texts = Array.from({ length: MAX_DESK_NOTES }, (_, at) => `${at}${'😀'.repeat(998)}`);
    const kept = noteAll(texts);
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThanOrEqual(MAX_DESK_NOTE_BYTES);
    expect(kept).toEqual(texts.slice(-8));
  });
});

describe('an exception that was handled by a decision which was then lost', () => {
  it('is open again, without an end, when what it is about fails again', () => {
    const open = anException(aSaga());
    const handled = applied(open, { kind: 'handle', id: open.id, as: 'cancelled', by: 'system' }, 1_000, 5_000);
    expect(handled).toMatchObject({ handled: { as: 'cancelled' }, expiresAt: 6_000 });
    const intent = { kind: 'reopen', id: open.id, error: 'No money', reason: 'handler_failed', tries: 2 } as const;
    const again = applied(handled ?? open, intent, 2_000, 5_000);
    expect(again).toMatchObject({ tries: open.tries + 2, version: open.version + 2 });
    expect(again).not.toHaveProperty('handled');
    expect(again).not.toHaveProperty('expiresAt');
  });

  it('is not changed by anything else', () => {
    const open = anException(aSaga());
    const handled = applied(open, { kind: 'handle', id: open.id, as: 'cancelled', by: 'system' }, 1_000, 5_000);
    const retry = { kind: 'retry', id: open.id, retryAt: 9_000, by: 'ann' } as const;
    expect(applied(handled ?? open, retry, 2_000, 5_000)).toBeUndefined();
  });
});
