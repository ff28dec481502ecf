/**
 * What an item weighs, by the rules of DynamoDB's developer guide ("DynamoDB item sizes and formats"): names and strings
 * are their UTF-8 bytes, a number about one byte per two significant digits and one more, a boolean or null one byte, a
 * list or map three bytes and one for each element.
 */
const numberBytes = (value: number): number => {
  const digits = Math.abs(value)
    .toPrecision(17)
    .replace(/e.*$/, '')
    .replace('.', '')
    .replace(/^0+|0+$/g, '').length;
  return Math.ceil(digits / 2) + 1 + (value < 0 ? 1 : 0);
};

const valueBytes = (value: unknown): number => {
  switch (typeof value) {
    case 'string':
      return Buffer.byteLength(value);
    case 'number':
      return numberBytes(value);
    case 'boolean':
      return 1;
    case 'object': {
      if (value === null) {
        return 1;
      }
      if (value instanceof Set) {
        return [...value].reduce<number>((sum, element) => sum + valueBytes(element), 0);
      }
      if (Array.isArray(value)) {
        return value.reduce<number>((sum, element) => sum + valueBytes(element) + 1, 3);
      }
      return 3 + Object.keys(value).length + itemBytes(value);
    }
    default:
      throw new Error(`DynamoDB has no ${typeof value}`);
  }
};

/** Bytes of each attribute, name included; undefined ones are not written. */
export const attributeBytes = (item: object): readonly (readonly [name: string, bytes: number])[] =>
  Object.entries(item)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Buffer.byteLength(name) + valueBytes(value)]);

export const itemBytes = (item: object): number => attributeBytes(item).reduce((sum, [, bytes]) => sum + bytes, 0);
