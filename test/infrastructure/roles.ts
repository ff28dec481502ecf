/** The roles of the functions, and what IAM would decide by them (as far as our policies go). */
import { expect } from 'vitest';
import * as z from 'zod';
import { functionOf, ofType, text } from './production.ts';

const listOf = <T extends z.ZodType>(schema: T) => z.union([schema.transform((one) => [one]), z.array(schema)]);

const statementSchema = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: listOf(z.string()),
  Resource: listOf(z.union([z.string(), z.looseObject({})])),
  Principal: z.unknown().optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});
export type Statement = z.output<typeof statementSchema>;

export const statementsIn = (document: unknown): Statement[] =>
  z.object({ Statement: z.array(statementSchema) }).parse(document).Statement;

/** Of all roles. */
export const allStatements = (): Statement[] =>
  [...ofType('AWS::IAM::Policy'), ...ofType('AWS::IAM::ManagedPolicy')].flatMap(({ Properties }) =>
    statementsIn(Properties.PolicyDocument),
  );

export const roleOf = (entry: string): string => {
  const { Role } = z
    .object({ Role: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }) })
    .parse(functionOf(entry).Properties);
  return Role['Fn::GetAtt'][0];
};

/** Everything that the role of a function says: its own policy, and those that it shares. */
export const statementsOf = (entry: string): Statement[] => {
  const role = roleOf(entry);
  const inline = ofType('AWS::IAM::Policy').filter(({ Properties }) => text(Properties.Roles).includes(`"${role}"`));
  const attached = text(ofType('AWS::IAM::Role').find(({ id }) => id === role)?.Properties.ManagedPolicyArns ?? []);
  // Of another stack it is imported under a name that ends with the id, of its own stack it is referred to by the id.
  const managed = ofType('AWS::IAM::ManagedPolicy').filter(({ id }) => attached.includes(id));
  expect(managed).toHaveLength(attached === '[]' ? 0 : attached.split('},{').length);
  return [...inline, ...managed].flatMap(({ Properties }) => statementsIn(Properties.PolicyDocument));
};

const LEADING_KEYS = 'dynamodb:LeadingKeys';
const like = (pattern: string, value: string): boolean =>
  pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern;

const holds = (condition: Statement['Condition'], partitions: readonly string[]): boolean =>
  Object.entries(condition).every(([operator, keys]) => {
    const values = z.union([z.array(z.string()), z.string().transform((one) => [one])]).parse(keys[LEADING_KEYS]);
    switch (operator) {
      case 'ForAllValues:StringLike':
        return partitions.every((key) => values.some((pattern) => like(pattern, key)));
      case 'ForAnyValue:StringLike':
        return partitions.some((key) => values.some((pattern) => like(pattern, key)));
      case 'Null':
        return String(partitions.length === 0) === values[0];
      default:
        throw new Error(`this test does not know the operator ${operator}`);
    }
  });

/** @param partitions keys that the request touches in the table */
export const isAllowed = (
  statements: readonly Statement[],
  action: string,
  table: 'Executions' | 'Definitions',
  partitions: readonly string[],
): boolean => {
  const applying = statements.filter(
    ({ Action, Resource, Condition }) =>
      (Action.includes(`dynamodb:${action}`) || Action.includes('dynamodb:*')) &&
      // The ARN itself, not that of an index or the stream.
      Resource.some(
        (arn) => arn === '*' || new RegExp(`^\\{"Fn::GetAtt":\\["${table}\\w*","Arn"\\]\\}$`).test(text(arn)),
      ) &&
      holds(Condition, partitions),
  );
  return applying.some(({ Effect }) => Effect === 'Allow') && applying.every(({ Effect }) => Effect === 'Allow');
};
