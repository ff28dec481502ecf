import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AWS_CALL } from '../aws-call.ts';

/** A table of one document client: what every store of this folder is made of. */
export type Table = { readonly client: DynamoDBDocumentClient; readonly name: string };

export const openTable = (name: string, client = new DynamoDBClient(AWS_CALL)): Table => ({
  client: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
  name,
});
