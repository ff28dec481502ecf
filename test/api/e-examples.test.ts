/** The documented examples of API E against the function alone; against the whole stack they run from its own tests. */
import { afterAll, beforeAll } from 'vitest';
import { type Served, serveHandler } from '../support/serve-handler.ts';
import { describeEExamples } from './e-examples.suite.ts';
import { createEWorld } from './e-world.ts';

let served: Served | undefined;

beforeAll(async () => {
  served = await serveHandler((await createEWorld()).handler);
});

afterAll(() => served?.close());

describeEExamples(() => served?.url ?? '');
