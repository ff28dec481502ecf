/** The output of a step as a value: what references lead into. */
import { nestsDeeperThan, parseExactJson } from '../exact-json.ts';
import type { Json } from './flow.ts';

/** What nests deeper stays text: whoever prints it again would overflow the stack on it. */
const MAX_OUTPUT_DEPTH = 100;

/** JSON where the text is that, else the text itself; `null` where there is none. Numbers keep all their digits. */
export const readOutput = (text: string | undefined): Json => {
  if (text === undefined) {
    return null;
  }
  if (nestsDeeperThan(text, MAX_OUTPUT_DEPTH)) {
    return text;
  }
  try {
    return parseExactJson(text) as Json;
  } catch {
    return text;
  }
};
