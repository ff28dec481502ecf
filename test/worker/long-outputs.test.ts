import { describe, expect, it } from 'vitest';
import { MAX_OUTPUT_PIECE_BYTES, MAX_OUTPUT_PIECES, MAX_WHOLE_OUTPUT_BYTES } from '../../lib/contracts/limits.ts';
import { piecesOf } from '../../lib/contracts/output-pieces.ts';
import { createWorker, startPlane } from './start-worker.ts';

const PATH = '/api/runs/42~ask~1/output?attempt=1';

describe('the pieces of an output', () => {
  it.each([
    ['x'.repeat(100), 1],
    ['x'.repeat(MAX_OUTPUT_PIECE_BYTES), 1],
    ['x'.repeat(MAX_OUTPUT_PIECE_BYTES + 1), 2],
    ['€'.repeat(MAX_OUTPUT_PIECE_BYTES), 4],
    ['😀'.repeat(MAX_OUTPUT_PIECE_BYTES), 4],
    [`x${'😀'.repeat((MAX_WHOLE_OUTPUT_BYTES - 4) / 4)}`, 20],
    [`x${'€'.repeat((MAX_WHOLE_OUTPUT_BYTES - 2) / 3)}`, MAX_OUTPUT_PIECES],
  ])('fit an item each and are whole characters (%#)', (text, count) => {
    const pieces = piecesOf(text) ?? [];
    expect(pieces.join('') === text).toBe(true);
    expect(Math.max(...pieces.map((piece) => Buffer.byteLength(piece)))).toBeLessThanOrEqual(MAX_OUTPUT_PIECE_BYTES);
    expect(pieces.length).toBeLessThanOrEqual(MAX_OUTPUT_PIECES);
    expect(pieces).toHaveLength(count);
  });

  it('are none of an output that is longer than is kept', () => {
    expect(piecesOf('x'.repeat(MAX_WHOLE_OUTPUT_BYTES))).toHaveLength(20);
    expect(piecesOf('x'.repeat(MAX_WHOLE_OUTPUT_BYTES + 1))).toBeUndefined();
  });
});

/** A worker whose handler returns the output. */
const resultOf = async (
  output: string,
  { outputPath, storing = [] }: { readonly outputPath?: string; readonly storing?: readonly number[] },
) => {
  const plane = await startPlane();
  plane.storing.push(...storing);
  const { worker } = createWorker(plane);
  await worker.handle('test', () => output).start();
  const hello = await plane.frame('hello');
  plane.push(hello, plane.order({ run: '42~ask~1', ...(outputPath === undefined ? {} : { outputPath }) }));
  const { frame } = await plane.frame('result');
  return { result: frame.results[0], plane };
};

describe('an output that is too long for a result', () => {
  const LONG = `${'é'.repeat(200_000)}${'x'.repeat(10)}`;

  it('is brought to the path of its order first, in pieces', async () => {
    const { result, plane } = await resultOf(LONG, { outputPath: PATH });
    expect(result).toMatchObject({ outcome: 'succeeded', outputPieces: 2 });
    expect(result).not.toHaveProperty('output');
    const pieces = piecesOf(LONG) ?? [];
    const bodies = pieces.map((text, piece) => ({ path: PATH, body: { piece, text } }));
    expect(plane.stored).toHaveLength(2);
    expect(plane.stored).toEqual(expect.arrayContaining(bodies));
  });

  it('is brought again where the answer was that of a passing fault', async () => {
    const { result, plane } = await resultOf(LONG, { outputPath: PATH, storing: [503, 429] });
    expect(result).toMatchObject({ outcome: 'succeeded', outputPieces: 2 });
    expect(plane.stored).toHaveLength(2);
  });

  it('fails its attempt where it cannot be brought', async () => {
    const { result } = await resultOf(LONG, { outputPath: PATH, storing: [409, 409] });
    expect(result).toMatchObject({
      ...{ outcome: 'failed', reason: 'output_not_stored' },
      error: 'The output could not be stored: HTTP 409 for /api/runs/42~ask~1/output.',
    });
    expect(result).not.toHaveProperty('output');
  });

  it('fails its attempt where it is longer than is kept', async () => {
    const { result, plane } = await resultOf('x'.repeat(MAX_WHOLE_OUTPUT_BYTES + 1), { outputPath: PATH });
    expect(result).toMatchObject({ outcome: 'failed', error: expect.stringContaining('more than 5242880 bytes') });
    expect(plane.stored).toEqual([]);
  });

  it('is cut where the order names no path, and a short one goes with its result', async () => {
    const cut = await resultOf(LONG, {});
    expect(cut.result?.output).toContain('[cut:');
    const short = await resultOf('short', { outputPath: PATH });
    expect(short.result).toMatchObject({ outcome: 'succeeded', output: 'short' });
    expect([...cut.plane.stored, ...short.plane.stored]).toEqual([]);
  });
});
