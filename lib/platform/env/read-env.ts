/** Reads a function's environment once, at start: a wrong deployment fails on its first line, with all that is wrong. */
import type * as z from 'zod';

/** Names and reasons only: a value may be a secret. */
const describeIssue = (source: NodeJS.ProcessEnv, issue: z.core.$ZodIssue): string => {
  const [name, ...inside] = issue.path.map(String);
  if (name !== undefined && source[name] === undefined) {
    return `${name} is not set`;
  }
  return `${[name, ...inside].join('.')}: ${issue.message}`;
};

/** @throws an Error that names every variable which is missing or wrong */
export const readEnv = <T extends z.ZodType>(schema: T, source: NodeJS.ProcessEnv = process.env): z.output<T> => {
  const parsed = schema.safeParse(source);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${describeIssue(source, issue)}`);
    throw new Error(`The environment is incomplete or wrong:\n${lines.join('\n')}`);
  }
  return parsed.data;
};
