import { expect, it } from 'vitest';
import { webSocketUrlOf } from '../../../lib/platform/env/schemas.ts';

it.each([
  [
    { CONNECTIONS_URL: 'https://abc.execute-api.eu-west-1.amazonaws.com/ws' },
    'wss://abc.execute-api.eu-west-1.amazonaws.com/ws',
  ],
  [{ CONNECTIONS_URL: 'http://127.0.0.1:8080/ws' }, 'ws://127.0.0.1:8080/ws'],
  [{ CONNECTIONS_URL: 'https://abc/ws', WEBSOCKET_URL: 'wss://ws.example.com' }, 'wss://ws.example.com'],
])('workers of a stage with %j connect to %s', (env, url) => {
  expect(webSocketUrlOf(env)).toBe(url);
});
