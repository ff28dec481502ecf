/**
 * Our own router behind API Gateway's `$default` route: a gateway route cannot end in `/`, and documented paths do.
 * A trailing slash is taken off, never redirected: a redirected POST loses its body.
 */
import type { Operation } from '../../contracts/http/operation.ts';

export type Match =
  | { readonly kind: 'operation'; readonly operation: Operation; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'wrong_method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown_path' };

/** What API Gateway would call the operation's route. */
export const routeKeyOf = ({ method, path }: Operation): string => `${method} ${path}`;

/** The gateway decodes the path before it hands it over, other callers may not; what cannot be decoded stays as it is. */
const decodeSegment = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const segmentsOf = (path: string): readonly string[] =>
  (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path).split('/');

const matchPath = (pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined => {
  if (pattern.length !== segments.length) {
    return undefined;
  }
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':') && segment !== '') {
      params[part.slice(1)] = segment;
    } else if (part !== segment) {
      return undefined;
    }
  }
  return params;
};

export const createRouter = (operations: readonly Operation[]): ((method: string, path: string) => Match) => {
  const routes = operations.map((operation) => ({ operation, pattern: segmentsOf(operation.path) }));
  return (method, path) => {
    const segments = segmentsOf(path).map(decodeSegment);
    const atPath = routes.flatMap(({ operation, pattern }) => {
      const params = matchPath(pattern, segments);
      return params ? [{ operation, params }] : [];
    });
    const found = atPath.find(({ operation }) => operation.method === method);
    if (found) {
      return { kind: 'operation', ...found };
    }
    return atPath.length === 0
      ? { kind: 'unknown_path' }
      : { kind: 'wrong_method', allowed: atPath.map(({ operation }) => operation.method) };
  };
};
