/** The examples of API B's document over the use cases on memory stores. */
import { afterAll, beforeAll } from 'vitest';
import { type Served, serveHandler } from '../support/serve-handler.ts';
import { describeBExamples } from './b-examples.suite.ts';
import { createBWorld } from './b-world.ts';

let served: Served | undefined;

beforeAll(async () => {
  served = await serveHandler(createBWorld().handler);
});

afterAll(() => served?.close());

describeBExamples(() => ({ url: served?.url ?? '', key: 'admin-key', reader: 'reader-key' }), false);
