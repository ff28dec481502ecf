import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AWS_CALL } from '../aws-call.ts';

/** A table of one document client: what every store of this folder is made of. */
export type Table = { readonly client: DynamoDBDocumentClient; readonly name: string };

/** One client for all tables of a function instance, so that the second table finds a connection open. */
let common: DynamoDBClient | undefined;

const commonClient = (): DynamoDBClient => {
  common ??= new DynamoDBClient(AWS_CALL);
  return common;
};

export const openTable = (name: string, client = commonClient()): Table => ({
  client: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
  name,
});
