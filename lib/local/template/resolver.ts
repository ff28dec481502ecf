/**
 * CloudFormation's intrinsic functions, for the forms that the CDK emits. What is asked for is resolved when it is asked
 * for, so a policy that nobody reads may hold anything; an unknown form, name or attribute that is read fails loudly.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export type Resource = { readonly Type: string; readonly Properties?: JsonObject; readonly Metadata?: JsonObject };
export type Template = {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: Json; readonly Export?: { readonly Name: Json } }>>;
};
export type NamedTemplate = { readonly stack: string; readonly template: Template };

/** Where a resource is declared; logical ids are unique within their stack only. */
export type Address = { readonly stack: string; readonly id: string };
export const addressText = ({ stack, id }: Address): string => `${stack}/${id}`;

export type Region = { readonly region: string; readonly accountId: string };

/** `Ref` under the key `Ref`, attributes under their own names; undefined where the resource has no such attribute. */
export type AttributeOf = (address: Address, attribute: string) => string | undefined;

export type Resolve = (value: Json, stack: string) => Json;

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

const pseudoParameters = ({ region, accountId }: Region): Readonly<Record<string, string>> => ({
  'AWS::AccountId': accountId,
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::URLSuffix': 'amazonaws.com',
});

export const createResolver = (
  templates: readonly NamedTemplate[],
  place: Region,
  attributeOf: AttributeOf,
): Resolve => {
  const byStack = new Map(templates.map(({ stack, template }) => [stack, template]));
  const pseudo = pseudoParameters(place);

  const attribute = (stack: string, id: string, name: string): string => {
    const type = byStack.get(stack)?.Resources[id]?.Type;
    const value = type === undefined ? undefined : attributeOf({ stack, id }, name);
    if (value === undefined) {
      const what = type === undefined ? 'no such resource' : `${type}, which has no such value locally`;
      throw new TemplateError(`${stack}: ${name === 'Ref' ? `Ref ${id}` : `Fn::GetAtt ${id}.${name}`}: ${what}`);
    }
    return value;
  };

  const reference = (stack: string, name: string): string => pseudo[name] ?? attribute(stack, name, 'Ref');

  const text = (value: Json, stack: string, where: string): string => {
    const resolved = resolve(value, stack);
    if (typeof resolved === 'object') {
      throw new TemplateError(`${stack}: ${where} needs text, not ${JSON.stringify(value)}`);
    }
    return String(resolved);
  };

  const list = (value: Json | undefined, stack: string, where: string): readonly Json[] => {
    const resolved = value === undefined ? null : resolve(value, stack);
    if (!isArray(resolved)) {
      throw new TemplateError(`${stack}: ${where} needs a list, not ${JSON.stringify(value)}`);
    }
    return resolved;
  };

  const exported = (name: string): Json => {
    for (const { stack, template } of templates) {
      for (const output of Object.values(template.Outputs ?? {})) {
        if (output.Export && text(output.Export.Name, stack, 'Export.Name') === name) {
          return resolve(output.Value, stack);
        }
      }
    }
    throw new TemplateError(`Fn::ImportValue: no stack exports ${name}`);
  };

  const pair = (argument: Json, stack: string, name: string): readonly [Json, Json] => {
    const [first, second] = isArray(argument) ? argument : [];
    if (first === undefined || second === undefined) {
      throw new TemplateError(`${stack}: ${name} needs two arguments, not ${JSON.stringify(argument)}`);
    }
    return [first, second];
  };

  const intrinsics: Readonly<Record<string, (argument: Json, stack: string) => Json>> = {
    Ref: (argument, stack) => reference(stack, String(argument)),
    'Fn::GetAtt': (argument, stack) => {
      const [id, name] = typeof argument === 'string' ? splitOnce(argument, '.') : pair(argument, stack, 'Fn::GetAtt');
      return attribute(stack, String(id), text(name, stack, 'Fn::GetAtt'));
    },
    'Fn::Join': (argument, stack) => {
      const [separator, parts] = pair(argument, stack, 'Fn::Join');
      return list(parts, stack, 'Fn::Join')
        .map((part) => text(part, stack, 'Fn::Join'))
        .join(String(separator));
    },
    'Fn::Sub': (argument, stack) => {
      const [pattern, names]: readonly [Json, Json] =
        typeof argument === 'string' ? [argument, {}] : pair(argument, stack, 'Fn::Sub');
      return String(pattern).replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
        if (literal) {
          return `\${${name}}`;
        }
        const given = isObject(names) ? names[name] : undefined;
        if (given !== undefined) {
          return text(given, stack, 'Fn::Sub');
        }
        const [id, attributeName] = splitOnce(name, '.');
        return attributeName === '' ? reference(stack, id) : attribute(stack, id, attributeName);
      });
    },
    'Fn::Select': (argument, stack) => {
      const [index, values] = pair(argument, stack, 'Fn::Select');
      const chosen = list(values, stack, 'Fn::Select')[Number(text(index, stack, 'Fn::Select'))];
      if (chosen === undefined) {
        throw new TemplateError(`${stack}: Fn::Select finds nothing: ${JSON.stringify(argument)}`);
      }
      return chosen;
    },
    'Fn::Split': (argument, stack) => {
      const [separator, whole] = pair(argument, stack, 'Fn::Split');
      return text(whole, stack, 'Fn::Split').split(String(separator));
    },
    'Fn::ImportValue': (argument, stack) => exported(text(argument, stack, 'Fn::ImportValue')),
  };

  const resolve: Resolve = (value, stack) => {
    if (isArray(value)) {
      return value.map((item) => resolve(item, stack));
    }
    if (!isObject(value)) {
      return value;
    }
    const [key, ...others] = Object.keys(value);
    if (key !== undefined && others.length === 0 && (key === 'Ref' || key === 'Condition' || key.startsWith('Fn::'))) {
      const intrinsic = intrinsics[key];
      if (!intrinsic) {
        throw new TemplateError(`${stack}: ${key} is not supported by the local runtime: ${JSON.stringify(value)}`);
      }
      return intrinsic(value[key] ?? null, stack);
    }
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolve(item, stack)]));
  };
  return resolve;
};

const splitOnce = (text: string, separator: string): readonly [string, string] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
};
