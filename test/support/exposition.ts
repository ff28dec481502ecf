/**
 * A strict reader of Prometheus' text exposition format 0.0.4, by its grammar
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): what it takes, Prometheus takes.
 */
export type ReadMetric = {
  readonly type: string;
  readonly help: string;
  /** By the labels as they are written. */
  readonly samples: ReadonlyMap<string, number>;
};

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const HELP_LINE = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\\\n]|\\\\[\\\\n])*)$`);
const TYPE_LINE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE_LINE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);

const numberOf = (text: string): number => {
  if (!/^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]?Inf)$/.test(text)) {
    throw new Error(`No number: ${text}`);
  }
  return Number(text.replace('Inf', 'Infinity'));
};

/** @throws an Error that names the first line that Prometheus would refuse */
export const readExposition = (text: string): ReadonlyMap<string, ReadMetric> => {
  if (!text.endsWith('\n')) {
    throw new Error('The last line has to end with a line feed');
  }
  const metrics = new Map<string, { type: string; help: string; samples: Map<string, number> }>();
  let help: readonly [name: string, text: string] | undefined;
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, helpName, helpText] = HELP_LINE.exec(line) ?? [];
    const [, typeName, type] = TYPE_LINE.exec(line) ?? [];
    const [, name, labels = '', value] = SAMPLE_LINE.exec(line) ?? [];
    if (helpName !== undefined && helpText !== undefined) {
      help = [helpName, helpText];
    } else if (typeName !== undefined && type !== undefined) {
      // All lines of a metric stand together, its type before its samples; a name comes once.
      if (metrics.has(typeName) || help?.[0] !== typeName) {
        throw new Error(`Out of place: ${line}`);
      }
      metrics.set(typeName, { type, help: help[1], samples: new Map() });
      current = typeName;
    } else if (name !== undefined && value !== undefined) {
      const metric = metrics.get(name);
      const names = [...labels.matchAll(/([a-zA-Z0-9_]+)="/g)].map(([, label]) => label);
      if (name !== current || metric === undefined || metric.samples.has(labels)) {
        throw new Error(`Out of place, or twice: ${line}`);
      }
      if (new Set(names).size !== names.length) {
        throw new Error(`A label twice: ${line}`);
      }
      const number = numberOf(value);
      if (metric.type === 'counter' && !(number >= 0)) {
        throw new Error(`A counter below nothing: ${line}`);
      }
      metric.samples.set(labels, number);
    } else {
      throw new Error(`Not a line of the format: ${line}`);
    }
  }
  return metrics;
};
