/** How a list of jobs is asked for: an index, a partition of it, and the place where it goes on. */
import type { QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { JobIndex } from '../../../application/ports/index.ts';
import type { Place } from '../../job-cursor.ts';
import type { Item } from '../conditional.ts';
import {
  CATEGORY_INDEX,
  LISTED_INDEX,
  LISTS,
  NAME_INDEX,
  PROJECT_INDEX,
  STATE_INDEX,
  UPDATE_INDEX,
} from '../definition-indexes.ts';
import { createExpression } from '../expression.ts';
import type { Params } from '../run-params.ts';
import { idOfPlace, jobKey, placeOf, wordPartition, wordSortKey } from './keys.ts';

export type RowIndex = Exclude<JobIndex, { by: 'word' }>;

type Access = { readonly name: string; readonly partition: Readonly<Record<string, string>>; readonly value?: string };

const LIVING = { list: LISTS.jobs };

const accessOf = (index: RowIndex): Access => {
  switch (index.by) {
    case 'creation':
      return { name: LISTED_INDEX, partition: LIVING };
    case 'name':
      return { name: NAME_INDEX, partition: LIVING, value: 'jobName' };
    case 'update':
      return { name: UPDATE_INDEX, partition: LIVING, value: 'jobUpdatedAt' };
    case 'project':
      return { name: PROJECT_INDEX, partition: { ...LIVING, jobProject: index.project } };
    case 'category':
      return { name: CATEGORY_INDEX, partition: { ...LIVING, jobCategory: index.category } };
    case 'state':
      return { name: STATE_INDEX, partition: { jobState: index.state } };
  }
};

/** Nothing can be there: DynamoDB would refuse the question. */
const MAX_VALUE_BYTES = 1_024;
export const isEmptyIndex = (index: RowIndex): boolean =>
  Object.values(accessOf(index).partition).some((value) => value === '' || Buffer.byteLength(value) > MAX_VALUE_BYTES);

type Page = { readonly descending: boolean; readonly from?: Place | undefined };

export const listJobsParams = (index: RowIndex, { descending, from }: Page): Params<QueryCommandInput> => {
  const { name, partition, value } = accessOf(index);
  const expression = createExpression();
  const parts = Object.entries(partition).map(
    ([attribute, wanted]) => `${expression.name(attribute)} = ${expression.value(attribute, wanted)}`,
  );
  return {
    IndexName: name,
    KeyConditionExpression: parts.join(' AND '),
    ScanIndexForward: !descending,
    ...(from && {
      ExclusiveStartKey: {
        ...jobKey(from.id),
        ...partition,
        place: placeOf(from.id),
        ...(value === undefined ? {} : { [value]: from.value }),
      },
    }),
    ...expression.attributes(),
  };
};

/** The place of a row of an index, for the list to go on from. */
export const placeInIndex = (index: RowIndex, item: Item): Place => {
  const { value } = accessOf(index);
  const id = idOfPlace(String(item.place));
  return value === undefined ? { id } : { id, value: item[value] as string | number };
};

export const listWordsParams = (word: string, { descending, from }: Page): Params<QueryCommandInput> => {
  const expression = createExpression();
  const pk = wordPartition(word);
  return {
    KeyConditionExpression: `${expression.name('pk')} = ${expression.value('pk', pk)} AND begins_with(${expression.name('sk')}, ${expression.value('word', word)})`,
    ScanIndexForward: !descending,
    ...(from && { ExclusiveStartKey: { pk, sk: wordSortKey(String(from.value), from.id) } }),
    ...expression.attributes(),
  };
};
