import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant } from '../../lib/domain/instant.ts';

describe('parseInstant', () => {
  it.each([
    ['2030-11-10T15:00:00Z', Date.UTC(2030, 10, 10, 15)],
    ['2030-11-10t15:00:00z', Date.UTC(2030, 10, 10, 15)],
    ['2030-11-10T18:00:00+03:00', Date.UTC(2030, 10, 10, 15)],
    ['2030-11-10T09:30:00-05:30', Date.UTC(2030, 10, 10, 15)],
    ['2030-11-10T15:00:00-00:00', Date.UTC(2030, 10, 10, 15)],
    ['2030-01-01T00:00:00+23:59', Date.UTC(2029, 11, 31, 0, 1)],
    ['2032-02-29T00:00:00Z', Date.UTC(2032, 1, 29)],
    ['2030-11-10T15:00:00.5Z', Date.UTC(2030, 10, 10, 15, 0, 0, 500)],
    ['2030-11-10T15:00:00.001Z', Date.UTC(2030, 10, 10, 15, 0, 0, 1)],
    ['2030-11-10T15:00:00.1239999999999999999Z', Date.UTC(2030, 10, 10, 15, 0, 0, 123)],
    ['0000-01-01T00:00:00Z', Date.parse('0000-01-01T00:00:00Z')],
  ])('reads %s', (text, epochMs) => {
    expect(parseInstant(text)).toBe(epochMs);
  });

  it.each([
    '2030-11-10T15:00:00',
    '2030-11-10 15:00:00Z',
    '2030-11-10',
    '2030-11-10T15:00Z',
    '2030-11-10T15:00:60Z',
    '2030-11-10T15:60:00Z',
    '2030-11-10T24:00:00Z',
    '2030-02-30T15:00:00Z',
    '2031-02-29T15:00:00Z',
    '2030-13-01T15:00:00Z',
    '2030-00-10T15:00:00Z',
    '2030-11-00T15:00:00Z',
    '2030-11-10T15:00:00.Z',
    '2030-11-10T15:00:00+0300',
    '2030-11-10T15:00:00+24:00',
    '2030-11-10T15:00:00+03:60',
    '2030-11-10T15:00:00 +03:00',
    '+002030-11-10T15:00:00Z',
    ' 2030-11-10T15:00:00Z',
    '2030-11-10T15:00:00Z\n',
    '٢٠٣٠-11-10T15:00:00Z',
    '1920000000',
    'tomorrow',
    '',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

describe('formatInstant', () => {
  it('prints whole seconds without a fraction and keeps milliseconds', () => {
    expect(formatInstant(Date.UTC(2025, 10, 10, 15))).toBe('2025-11-10T15:00:00Z');
    expect(formatInstant(Date.UTC(2025, 10, 10, 15, 0, 0, 120))).toBe('2025-11-10T15:00:00.120Z');
  });

  it('prints what parseInstant reads back, for any instant', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (epochMs) => {
        expect(parseInstant(formatInstant(epochMs))).toBe(epochMs);
      }),
    );
  });
});
