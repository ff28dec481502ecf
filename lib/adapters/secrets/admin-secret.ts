import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { AWS_CALL, type Sender } from '../aws-call.ts';

const adminSchema = z.object({ username: z.string().min(1), password: z.string().min(1), email: z.string().min(1) });

type Admin = Readonly<z.infer<typeof adminSchema>>;

/** A parser's own words quote what it parsed, so none of them go on: only which key is wrong. */
const parse = (text: string | undefined): { readonly admin: Admin } | { readonly problem: string } => {
  let json: unknown;
  try {
    json = JSON.parse(text ?? '');
  } catch {
    return { problem: 'its value is not JSON' };
  }
  const { data, error } = adminSchema.safeParse(json);
  return data === undefined
    ? { problem: `wrong or missing: ${error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ')}` }
    : { admin: data };
};

/** The first admin of a deployed stage, from its secret. An error tells what is wrong with the secret, never what is in it. */
export const readAdminSecret = async (
  arn: string,
  client: Sender<GetSecretValueCommand> = new SecretsManagerClient(AWS_CALL),
): Promise<Admin> => {
  const { SecretString } = (await client.send(
    new GetSecretValueCommand({ SecretId: arn }),
  )) as GetSecretValueCommandOutput;
  const result = parse(SecretString);
  if ('problem' in result) {
    throw new Error(
      `Secret ${arn}: ${result.problem}. It must be a JSON object with the texts username, password and email, none empty`,
    );
  }
  return result.admin;
};
