/** The documented operations of API A against the function alone; against the whole stack they run from its own tests. */
import { afterAll, beforeAll } from 'vitest';
import { type Served, serveHandler } from '../support/serve-handler.ts';
import { describeAExamples } from './a-examples.suite.ts';
import { createBWorld } from './b-world.ts';

let served: Served | undefined;

beforeAll(async () => {
  served = await serveHandler(createBWorld().handler);
});

afterAll(() => served?.close());

describeAExamples(() => ({ url: served?.url ?? '', token: 'admin-key' }));
