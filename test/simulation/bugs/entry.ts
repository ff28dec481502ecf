/** What a hunt needs of the simulation: bundled with everything below it, the product's code included. */
export { execute } from '../execution.ts';
export { SCENARIOS, STORIES } from '../scenarios/index.ts';
export { swarm } from '../swarm.ts';
