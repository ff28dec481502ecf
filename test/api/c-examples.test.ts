/** The documented examples of API C against the function alone; against the whole stack they run from its own tests. */
import { afterAll, beforeAll } from 'vitest';
import { type Served, serveHandler } from '../support/serve-handler.ts';
import { describeCExamples } from './c-examples.suite.ts';
import { ADMIN, createCWorld } from './c-world.ts';

let served: Served | undefined;

beforeAll(async () => {
  served = await serveHandler(createCWorld(undefined, Date.now).handler);
});

afterAll(() => served?.close());

describeCExamples(() => ({ url: served?.url ?? '', admin: ADMIN }));
