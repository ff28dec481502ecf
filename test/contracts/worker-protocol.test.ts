/** What docs/worker-protocol.md shows a writer of workers is what the wire takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { serverFrame, workerFrame } from '../../lib/contracts/frames.ts';
import { pollWorker } from '../../lib/contracts/http/b/poll.ts';

const TEXT = readFileSync(join(import.meta.dirname, '../../docs/worker-protocol.md'), 'utf8');
const EXAMPLES = [...TEXT.matchAll(/```json\n([\s\S]*?)```/g)].map(([, example = '']) => example.trim());
const INLINE = [...TEXT.matchAll(/`(\{"type"[^`]*\})`/g)].map(([, example = '']) => example);

/** What is left out there may be any text. */
const filledIn = (example: string): unknown => JSON.parse(example.replaceAll('…', '1'));

const typed = z.object({ type: z.string() });
const isFrame = (value: unknown): boolean => typed.safeParse(value).success;
const frames = [...EXAMPLES, ...INLINE].map(filledIn).filter(isFrame);
const others = EXAMPLES.map(filledIn).filter((value) => !isFrame(value));

describe('docs/worker-protocol.md', () => {
  it.each(frames.map((frame) => [JSON.stringify(frame).slice(0, 60), frame] as const))(
    'shows %s… as it is',
    (_name, frame) => {
      const known = z.union([workerFrame, serverFrame]).safeParse(frame);
      expect(known.error?.message ?? '').toBe('');
      // Keys that nobody knows would be dropped.
      expect(known.data).toEqual(frame);
    },
  );

  it('shows every frame of either side', () => {
    const types = [...workerFrame.options, ...serverFrame.options].map(({ shape }) => shape.type.value);
    expect(new Set(frames.map((frame) => typed.parse(frame).type))).toEqual(new Set(types));
  });

  it('shows a poll and its answer', () => {
    const [asked, answered] = others;
    expect(pollWorker.body.schema.parse(asked)).toEqual(asked);
    expect(pollWorker.answers[200].schema.parse(answered)).toEqual(answered);
    expect(others).toHaveLength(2);
  });
});
