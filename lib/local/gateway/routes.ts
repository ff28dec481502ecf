/** Which route of an HTTP API takes a request: the most specific one, as API Gateway chooses. */
import type { HttpRoute } from '../template/application.ts';

export type RouteMatch = {
  readonly route: HttpRoute;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
};

type CompiledRoute = {
  readonly route: HttpRoute;
  readonly method: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  /** Greedy parameters last, then those with fewer parameters first, then a named method before ANY. */
  readonly rank: readonly [number, number, number];
};

const DEFAULT_ROUTE = '$default';

const escapeForPattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const compile = (route: HttpRoute): CompiledRoute => {
  const [method = '', path = ''] = route.routeKey.split(' ');
  const names: string[] = [];
  let isGreedy = false;
  const pattern = path
    .split('/')
    .map((segment) => {
      const parameter = /^\{(\w+)(\+?)\}$/.exec(segment);
      if (!parameter?.[1]) {
        return escapeForPattern(segment);
      }
      names.push(parameter[1]);
      isGreedy ||= parameter[2] === '+';
      return parameter[2] === '+' ? '(.+)' : '([^/]+)';
    })
    .join('/');
  return {
    route,
    method,
    // A parameter may hold anything, a decoded line break too.
    pattern: new RegExp(`^${pattern}$`, 's'),
    names,
    rank: [isGreedy ? 1 : 0, names.length, method === 'ANY' ? 1 : 0],
  };
};

const byRank = (a: CompiledRoute, b: CompiledRoute): number =>
  a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2];

export const compileRoutes = (
  routes: readonly HttpRoute[],
): ((method: string, path: string) => RouteMatch | undefined) => {
  const fallback = routes.find(({ routeKey }) => routeKey === DEFAULT_ROUTE);
  const compiled = routes
    .filter(({ routeKey }) => routeKey !== DEFAULT_ROUTE)
    .map(compile)
    .sort(byRank);
  return (method, path) => {
    for (const candidate of compiled) {
      const match = candidate.method === method || candidate.method === 'ANY' ? candidate.pattern.exec(path) : null;
      if (match) {
        const values = candidate.names.map((name, index): [string, string] => [name, match[index + 1] ?? '']);
        return {
          route: candidate.route,
          pathParameters: values.length > 0 ? Object.fromEntries(values) : undefined,
        };
      }
    }
    return fallback && { route: fallback, pathParameters: undefined };
  };
};
