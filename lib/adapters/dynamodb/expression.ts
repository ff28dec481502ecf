/** Builds expressions in which every name and value is a placeholder: DynamoDB reserves 573 words, `status` among them. */

export type Expression = {
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
};

export const createExpression = () => {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  return {
    /** The placeholder of an attribute name. */
    name: (attribute: string): string => {
      names[`#${attribute}`] = attribute;
      return `#${attribute}`;
    },
    /** The placeholder of a value; `key` tells apart several of one attribute. */
    value: (key: string, value: unknown): string => {
      values[`:${key}`] = value;
      return `:${key}`;
    },
    /** What goes into the command beside the expression strings. */
    attributes: (): Expression =>
      Object.keys(values).length === 0
        ? { ExpressionAttributeNames: names }
        : { ExpressionAttributeNames: names, ExpressionAttributeValues: values },
  };
};

export type ExpressionBuilder = ReturnType<typeof createExpression>;
