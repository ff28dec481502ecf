import { createHash, createPublicKey } from 'node:crypto';
import {
  GetPublicKeyCommand,
  type GetPublicKeyCommandOutput,
  KMSClient,
  SignCommand,
  type SignCommandOutput,
} from '@aws-sdk/client-kms';
import type { PublicJwk, SigningPort } from '../../application/ports/identity.ts';
import { AWS_CALL, type Sender } from '../aws-call.ts';
import { toPublicJwk } from '../tokens/public-jwk.ts';
import { toRawSignature } from './der-signature.ts';

/**
 * ES256 by KMS keys (ECC_NIST_P256, SIGN_VERIFY): no private key is ever in our memory.
 *
 * A signature costs $0.000015 and 1,000 a second is the quota of an account and Region (shared, adjustable): enough for
 * logins and refreshes, which is all that signs.
 *
 * @param keyArns keys whose public halves are published; the first one signs. To rotate, publish the new key second, and
 *   move it to the front when every instance has had time to see it.
 */
export const createKmsSigning = (
  keyArns: readonly string[],
  client: Sender<GetPublicKeyCommand | SignCommand> = new KMSClient(AWS_CALL),
): SigningPort => {
  const [signer] = keyArns;
  if (signer === undefined) {
    throw new Error('No KMS key to sign tokens with: name at least one');
  }

  const read = async (arn: string): Promise<PublicJwk> => {
    const { PublicKey, KeySpec } = (await client.send(
      new GetPublicKeyCommand({ KeyId: arn }),
    )) as GetPublicKeyCommandOutput;
    if (PublicKey === undefined || KeySpec !== 'ECC_NIST_P256') {
      throw new Error(`KMS key ${arn} cannot sign tokens: its spec is ${KeySpec}, it must be ECC_NIST_P256`);
    }
    return toPublicJwk(createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' }));
  };

  // The public half of a KMS key never changes: asked for once per instance, unless the asking failed.
  let asked: Promise<readonly PublicJwk[]> | undefined;
  const publicKeys = (): Promise<readonly PublicJwk[]> => {
    asked ??= Promise.all(keyArns.map(read)).catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };

  return {
    publicKeys,
    sign: async (input) => {
      const [key] = await publicKeys();
      const { Signature } = (await client.send(
        new SignCommand({
          KeyId: signer,
          Message: createHash('sha256').update(input).digest(),
          MessageType: 'DIGEST',
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      )) as SignCommandOutput;
      if (key === undefined || Signature === undefined) {
        throw new Error(`KMS answered without a signature by ${signer}`);
      }
      return { kid: key.kid, signature: toRawSignature(Signature) };
    },
  };
};
