/** A record of a DynamoDB stream in the form in which Lambda hands it to a function. */
import type { AttributeValue, _Record as StreamRecord } from '@aws-sdk/client-dynamodb-streams';

export type LambdaStreamRecord = {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventVersion: string;
  readonly eventSource: 'aws:dynamodb';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
  readonly userIdentity?: { readonly type: string; readonly principalId: string };
  readonly dynamodb: {
    /** Epoch seconds. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Readonly<Record<string, unknown>>;
    readonly NewImage?: Readonly<Record<string, unknown>>;
    readonly OldImage?: Readonly<Record<string, unknown>>;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
};

type Image = Readonly<Record<string, AttributeValue>>;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** As on the wire: bytes are base64 there, and the SDK has decoded them. */
const wireValue = (value: AttributeValue): unknown => {
  if (value.B !== undefined) {
    return { B: base64(value.B) };
  }
  if (value.BS !== undefined) {
    return { BS: value.BS.map(base64) };
  }
  if (value.L !== undefined) {
    return { L: value.L.map(wireValue) };
  }
  return value.M === undefined ? value : { M: wireImage(value.M) };
};

const wireImage = (image: Image): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(image).map(([name, value]) => [name, wireValue(value)]));

/** What AWS writes for a deletion by TTL. */
const TTL_IDENTITY = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };

const whatHappened = (record: StreamRecord): Pick<LambdaStreamRecord, 'eventName' | 'userIdentity'> => {
  const eventName: string = record.eventName ?? '';
  // DynamoDB Local 3.3.1 has no name and no identity for a deletion by TTL.
  if (eventName === 'UNKNOWN_TO_SDK_VERSION') {
    return { eventName: 'REMOVE', userIdentity: TTL_IDENTITY };
  }
  const { Type, PrincipalId } = record.userIdentity ?? {};
  return { eventName, ...(Type && PrincipalId && { userIdentity: { type: Type, principalId: PrincipalId } }) };
};

const MINUTE_MS = 60_000;

/**
 * Epoch seconds. DynamoDB Local cuts the instant to its minute, which would put every record into the first window of
 * its minute: one that was read within that minute is given the second of the reading.
 */
const createdAt = (instant: Date | undefined, readAtMs: number): number => {
  const createdMs = instant?.getTime() ?? readAtMs;
  const isCut = createdMs % MINUTE_MS === 0 && readAtMs - createdMs < MINUTE_MS;
  return Math.floor((isCut ? readAtMs : createdMs) / 1_000);
};

export const toLambdaRecord = (
  record: StreamRecord,
  { streamArn, region, readAtMs }: { readonly streamArn: string; readonly region: string; readonly readAtMs: number },
): LambdaStreamRecord => {
  const { Keys, NewImage, OldImage, ...change } = record.dynamodb ?? {};
  return {
    eventID: record.eventID ?? '',
    ...whatHappened(record),
    eventVersion: record.eventVersion ?? '1.1',
    eventSource: 'aws:dynamodb',
    eventSourceARN: streamArn,
    // DynamoDB Local names a Region of its own.
    awsRegion: region,
    dynamodb: {
      ApproximateCreationDateTime: createdAt(change.ApproximateCreationDateTime, readAtMs),
      Keys: wireImage(Keys ?? {}),
      ...(NewImage && { NewImage: wireImage(NewImage) }),
      ...(OldImage && { OldImage: wireImage(OldImage) }),
      SequenceNumber: change.SequenceNumber ?? '',
      SizeBytes: change.SizeBytes ?? 0,
      StreamViewType: change.StreamViewType ?? 'NEW_AND_OLD_IMAGES',
    },
  };
};
