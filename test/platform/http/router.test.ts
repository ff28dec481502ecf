import { describe, expect, it } from 'vitest';
import type { Operation } from '../../../lib/contracts/http/operation.ts';
import { createRouter } from '../../../lib/platform/http/router.ts';

const operation = (method: Operation['method'], path: Operation['path']): Operation => ({
  id: `${method} ${path}`,
  group: 'D',
  method,
  path,
  summary: '',
  answers: {},
  refusals: {},
  fault: '',
});
const list = operation('GET', '/api/v1/tasks');
const create = operation('POST', '/api/v1/tasks');
const read = operation('GET', '/api/v1/tasks/:id');
const route = createRouter([list, create, read]);

describe('createRouter', () => {
  it('finds an operation by method and path', () => {
    expect(route('POST', '/api/v1/tasks')).toEqual({ kind: 'operation', operation: create, params: {} });
    expect(route('GET', '/api/v1/tasks/7')).toEqual({ kind: 'operation', operation: read, params: { id: '7' } });
  });

  it('accepts one trailing slash', () => {
    expect(route('GET', '/api/v1/tasks/')).toMatchObject({ operation: list });
    expect(route('GET', '/api/v1/tasks/7/')).toMatchObject({ operation: read, params: { id: '7' } });
    expect(route('GET', '/api/v1/tasks//')).toEqual({ kind: 'unknown_path' });
  });

  it('tells another method from an unknown path', () => {
    expect(route('DELETE', '/api/v1/tasks')).toEqual({ kind: 'wrong_method', allowed: ['GET', 'POST'] });
    for (const path of [
      '/',
      '',
      '/api/v1/task',
      '/api/v1/task/',
      '/api/v1/tasks/7/8',
      '/API/v1/tasks',
      '//api/v1/tasks',
      '/api/v1',
    ]) {
      expect(route('GET', path), path).toEqual({ kind: 'unknown_path' });
    }
  });

  it('decodes a segment after it was cut, and leaves one that cannot be decoded', () => {
    expect(route('GET', '/api/v1/tasks/a%2Fb')).toMatchObject({ params: { id: 'a/b' } });
    expect(route('GET', '/api/v1/tasks/%E0%A4%A')).toMatchObject({ params: { id: '%E0%A4%A' } });
    expect(route('GET', '/api%2Fv1/tasks')).toEqual({ kind: 'unknown_path' });
  });
});
