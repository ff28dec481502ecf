import { TransactionConflictException } from '@aws-sdk/client-dynamodb';
import { pause } from './pause.ts';

const TRIES = 5;

/** A single write of a row that transactions write too: it is refused while one is at that row, and the SDK gives up. */
export const outsideTransactions = async <T>(write: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (tries === TRIES || !(error instanceof TransactionConflictException)) {
        throw error;
      }
      await pause(tries);
    }
  }
};
