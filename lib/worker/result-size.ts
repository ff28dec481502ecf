import type { RunResult } from '../contracts/frames.ts';
import {
  MAX_ERROR_CHARS,
  MAX_FRAME_BYTES,
  MAX_LOG_CHARS,
  MAX_OUTPUT_CHARS,
  MAX_RUNS_PER_FRAME,
} from '../contracts/limits.ts';
import { cutMiddle, cutToJsonBytes, jsonBytes } from './text.ts';

const TEXTS = ['output', 'error', 'log'] as const;
/** Session, pool, report and the brackets around the results of a frame. */
const ENVELOPE_BYTES = 512;
const ROOM_BYTES = MAX_FRAME_BYTES - ENVELOPE_BYTES;

export const resultBytes = (result: RunResult): number => Buffer.byteLength(JSON.stringify(result));

/** The result with its texts cut to the limits of the contract, so that it fits a frame alone. */
export function fitResult(result: RunResult): RunResult {
  const fitted = { ...result };
  if (fitted.output !== undefined) fitted.output = cutMiddle(fitted.output, MAX_OUTPUT_CHARS);
  if (fitted.error !== undefined) fitted.error = cutMiddle(fitted.error, MAX_ERROR_CHARS);
  if (fitted.log !== undefined) fitted.log = cutMiddle(fitted.log, MAX_LOG_CHARS);
  // Characters that JSON escapes, or that take several bytes, can still be over: the largest text gives way, but is
  // not cut below a third of the room, so the next largest gives way then, and three rounds are enough.
  for (let round = 0; round < TEXTS.length; round += 1) {
    const excess = resultBytes(fitted) - ROOM_BYTES;
    if (excess <= 0) break;
    const sizes = TEXTS.map((name) => ({ name, bytes: jsonBytes(fitted[name] ?? '') }));
    const largest = sizes.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    const limit = Math.max(largest.bytes - excess, Math.floor((ROOM_BYTES - ENVELOPE_BYTES) / TEXTS.length));
    fitted[largest.name] = cutToJsonBytes(fitted[largest.name] ?? '', limit);
  }
  return fitted;
}

/** Groups results, in order, so that each group fits one frame. */
export function packResults(results: readonly RunResult[]): RunResult[][] {
  const groups: RunResult[][] = [];
  let group: RunResult[] = [];
  let bytes = 0;
  for (const result of results) {
    const size = resultBytes(result) + 1;
    if (group.length > 0 && (bytes + size > ROOM_BYTES || group.length === MAX_RUNS_PER_FRAME)) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(result);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
