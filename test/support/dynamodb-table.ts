import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { inject } from 'vitest';
import { AWS_CALL } from '../../lib/adapters/aws-call.ts';
import { openTable, type Table } from '../../lib/adapters/dynamodb/client.ts';
import { type Made, makeTables } from '../../lib/local/aws/provision.ts';
import { createResolver } from '../../lib/local/template/resolver.ts';
import { declaredAttributes, listResources } from '../../lib/local/template/resources.ts';

const PLACE = { region: 'us-east-1', accountId: '000000000000' };

/** A table by the beginning of its logical id, as the template names it. */
const openTableNamed = async (logicalId: 'Executions' | 'Definitions'): Promise<Table> => {
  const { endpoint, templates } = inject('dynamodb');
  const credentials = { accessKeyId: `test${randomBytes(8).toString('hex')}`, secretAccessKey: 'test' };
  const client = new DynamoDBClient({ ...AWS_CALL, endpoint, region: PLACE.region, credentials });
  const resources = listResources(templates, createResolver(templates, PLACE, declaredAttributes(templates, PLACE)));
  const made: Made = new Map();
  await makeTables(client, resources, made);
  const [, table] = [...made].find(([address]) => address.includes(`/${logicalId}`)) ?? [];
  if (table?.Ref === undefined) {
    throw new Error(`The template declares no table ${logicalId}`);
  }
  return openTable(table.Ref, client);
};

/**
 * An empty executions table, as deployed. DynamoDB Local holds one database per access key id, so a fresh key is a fresh
 * database: test files share the server and nothing else.
 */
export const openTestTable = (): Promise<Table> => openTableNamed('Executions');

/** The same of the definitions table. */
export const openDefinitionsTable = (): Promise<Table> => openTableNamed('Definitions');

let ops = 0;
/** A token for each write, as `makeOp` of the composition makes them. */
export const makeTestOp = (): string => {
  ops += 1;
  return `op-${ops}`;
};
