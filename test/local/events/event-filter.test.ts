import { describe, expect, it } from 'vitest';
import { compileFilters } from '../../../lib/local/events/event-filter.ts';

const record = {
  eventName: 'MODIFY',
  dynamodb: {
    Keys: { pk: { S: 'RUN#1' } },
    NewImage: { status: { S: 'failed' }, tags: { SS: ['a', 'b'] } },
  },
};

describe('event filters', () => {
  it.each([
    ['{"eventName":["INSERT","MODIFY"]}', true],
    ['{"eventName":["REMOVE"]}', false],
    ['{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"RUN#"}]}}}}', true],
    ['{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"SESSION#"}]}}}}', false],
    ['{"dynamodb":{"Keys":{"pk":{"S":[{"suffix":"#1"}]}}}}', true],
    ['{"dynamodb":{"NewImage":{"status":{"S":[{"anything-but":["failed"]}]}}}}', false],
    ['{"dynamodb":{"NewImage":{"status":{"S":[{"anything-but":{"prefix":"succ"}}]}}}}', true],
    ['{"dynamodb":{"NewImage":{"status":{"S":[{"equals-ignore-case":"FAILED"}]}}}}', true],
    ['{"dynamodb":{"OldImage":{"status":{"S":[{"exists":false}]}}}}', true],
    ['{"dynamodb":{"NewImage":{"status":{"S":[{"exists":true}]}}}}', true],
    ['{"dynamodb":{"NewImage":{"tags":{"SS":["b"]}}}}', true],
    ['{"eventName":["MODIFY"],"dynamodb":{"Keys":{"pk":{"S":["RUN#2"]}}}}', false],
  ])('%s: %s', (pattern, passes) => {
    expect(compileFilters([pattern])(record)).toBe(passes);
  });

  it('pass what one of them matches, and everything when there is none', () => {
    expect(compileFilters(['{"eventName":["REMOVE"]}', '{"eventName":["MODIFY"]}'])(record)).toBe(true);
    expect(compileFilters([])(record)).toBe(true);
  });

  it.each([
    '{"dynamodb":{"NewImage":{"count":{"N":[{"numeric":[">",1]}]}}}}',
    '{"$or":[{"eventName":["INSERT"]}]}',
    '{"eventName":"INSERT"}',
    '{"eventName":[{"prefix":1}]}',
    '["INSERT"]',
  ])('refuse what they do not understand: %s', (pattern) => {
    expect(() => compileFilters([pattern])).toThrow();
  });
});
