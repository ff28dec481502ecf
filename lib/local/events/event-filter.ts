/**
 * Event patterns of an event source mapping, the part of the language that works on a stream's strings. An operator that
 * is not known here is refused when the pattern is compiled: a filter that lets everything through would go unnoticed.
 * `numeric` is among them, because the numbers in a stream's images are strings and it never matches there.
 */

type Matches = (value: unknown) => boolean;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (operand: unknown, operator: string): string => {
  if (typeof operand !== 'string') {
    throw new Error(`${operator} needs a string, not ${JSON.stringify(operand)}`);
  }
  return operand;
};

const OPERATORS: Readonly<Record<string, (operand: unknown) => Matches>> = {
  prefix: (operand) => {
    const start = text(operand, 'prefix');
    return (value) => typeof value === 'string' && value.startsWith(start);
  },
  suffix: (operand) => {
    const end = text(operand, 'suffix');
    return (value) => typeof value === 'string' && value.endsWith(end);
  },
  exists: (operand) => (value) => (value !== undefined) === operand,
  'equals-ignore-case': (operand) => {
    const wanted = text(operand, 'equals-ignore-case').toLowerCase();
    return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
  },
  'anything-but': (operand) => {
    const refused = (Array.isArray(operand) ? operand : [operand]).map(condition);
    return (value) => value !== undefined && !refused.some((matches) => matches(value));
  },
};

const condition = (wanted: unknown): Matches => {
  if (!isRecord(wanted)) {
    return (value) => value === wanted;
  }
  const [[operator, operand] = [], ...others] = Object.entries(wanted);
  const compile = operator === undefined ? undefined : OPERATORS[operator];
  if (!compile || others.length > 0) {
    throw new Error(`Event filter: the local runtime does not know ${JSON.stringify(wanted)}`);
  }
  return compile(operand);
};

/** A leaf is a list of alternatives; a field that is itself a list matches when one of its items does. */
const leaf = (alternatives: readonly unknown[]): Matches => {
  const conditions = alternatives.map(condition);
  const matchesOne: Matches = (value) => conditions.some((matches) => matches(value));
  return (value) => (Array.isArray(value) ? value.some(matchesOne) : matchesOne(value));
};

const object = (pattern: Readonly<Record<string, unknown>>): Matches => {
  const fields = Object.entries(pattern).map(([name, inner]): [string, Matches] => {
    if (Array.isArray(inner)) {
      if (name.startsWith('$')) {
        throw new Error(`Event filter: the local runtime does not know ${name}`);
      }
      return [name, leaf(inner)];
    }
    if (!isRecord(inner)) {
      throw new Error(`Event filter: ${name} needs a list or an object, not ${JSON.stringify(inner)}`);
    }
    return [name, object(inner)];
  });
  return (value) => fields.every(([name, matches]) => matches(isRecord(value) ? value[name] : undefined));
};

/** A record passes that matches one of the patterns; without patterns all do. */
export const compileFilters = (patterns: readonly string[]): Matches => {
  const compiled = patterns.map((pattern) => {
    const parsed: unknown = JSON.parse(pattern);
    if (!isRecord(parsed)) {
      throw new Error(`Event filter: not an object: ${pattern}`);
    }
    return object(parsed);
  });
  return (value) => compiled.length === 0 || compiled.some((matches) => matches(value));
};
