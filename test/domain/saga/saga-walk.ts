/** Walks through everything that may happen to a saga, as a tape of numbers says; then lets it come to rest. */
import * as fc from 'fast-check';
import type { Flow } from '../../../lib/domain/flow/flow.ts';
import type { SagaCommand } from '../../../lib/domain/saga/decision.ts';
import { DESK_ACTIONS, isSagaEnded } from '../../../lib/domain/saga/saga.ts';
import { flows } from './flows.ts';
import * as world from './saga-world.ts';

export type Walk = {
  readonly flow: Flow;
  readonly tape: readonly number[];
  readonly crashes: boolean;
  readonly people: boolean;
};

export const walks = (kind: { readonly crashes: boolean; readonly people: boolean }): fc.Arbitrary<Walk> =>
  fc
    .record({ flow: flows, tape: fc.array(fc.nat(9_999), { maxLength: 400, size: 'max' }) })
    .map((walk) => ({ ...walk, ...kind }));

type Draw = (below: number) => number;

const pick = <T>(items: readonly T[], draw: Draw): T | undefined => items[draw(Math.max(1, items.length))];

const endOne = (w: world.World, draw: Draw, how: () => 'carried_out' | 'late' | 'lost', crashes: boolean): void => {
  const first = pick(world.executing(w), draw);
  if (first === undefined) {
    return;
  }
  // Mostly well: else nothing gets far. Some end at the same moment, and are told of together, or not at all.
  const outcome = draw(3) > 0 ? 'succeeded' : (pick(world.OUTCOMES, draw) ?? 'failed');
  const ended = [world.end(w, first, outcome)];
  const second = draw(4) === 0 ? pick(world.executing(w), draw) : undefined;
  if (second !== undefined) {
    ended.push(world.end(w, second, pick(world.OUTCOMES, draw) ?? 'failed'));
  }
  if (!crashes || draw(4) > 0) {
    world.tell(w, ended, how());
  }
};

const OUTPUTS = ['{"n":1}', undefined] as const;

/** Mostly of what is open; now and then of what is not. */
const word = (w: world.World, draw: Draw): SagaCommand | undefined => {
  const kind = draw(16);
  if (kind === 0) {
    return { kind: 'cancel', by: 'u', leave: draw(4) === 0 };
  }
  if (kind < 3) {
    return { kind: 'retry', by: 'u' };
  }
  const open = world.openExceptions(w);
  const exception = pick(open.length > 0 && draw(8) > 0 ? open : [...w.exceptions.values()], draw);
  if (exception === undefined || kind === 3) {
    return exception && { kind: 'handle', by: 'u', exception };
  }
  const action = pick(DESK_ACTIONS, draw) ?? 'retry';
  const output = pick(OUTPUTS, draw);
  const at = w.now + draw(2) * 60_000;
  return { kind: 'desk', action, exception, by: 'u', ...(output === undefined ? {} : { output }), at };
};

const takeStep = (w: world.World, draw: Draw, { crashes, people }: Walk): void => {
  const how = () =>
    crashes ? ((['carried_out', 'carried_out', 'late', 'lost'] as const)[draw(4)] ?? 'lost') : 'carried_out';
  w.now += draw(30_000);
  const what = draw(people ? 12 : 9);
  if (what < 4) {
    endOne(w, draw, how, crashes);
  } else if (what < 7) {
    const run = pick(world.waiting(w), draw);
    if (run !== undefined) {
      world.begin(w, run);
    }
  } else if (what === 7) {
    world.look(w, how(), draw(3) === 0 ? pick([...w.runs.keys()], draw) : undefined);
  } else if (what === 8) {
    const [decision] = w.late.splice(0, 1);
    if (decision !== undefined) {
      world.carryOut(w, decision);
    }
  } else if (draw(12) === 0) {
    const run = pick([...w.runs.values()], draw);
    if (run !== undefined) {
      world.cancelByHand(w, run.id);
    }
  } else {
    const said = word(w, draw);
    if (said !== undefined) {
      world.say(w, said, how());
    }
  }
};

/** Nothing crashes any more, everything that executes succeeds, and those who slept do what they had meant to do. */
export const rest = (w: world.World): void => {
  for (let idle = 0; idle < 3; ) {
    const before = `${w.saga.version} ${w.events.length} ${w.runs.size}`;
    for (const run of world.waiting(w)) {
      world.begin(w, run);
    }
    for (const run of world.executing(w)) {
      world.end(w, run, 'succeeded');
    }
    if (!isSagaEnded(w.saga)) {
      world.look(w, 'carried_out');
    }
    const late = w.late.splice(0);
    for (const decision of late) {
      world.carryOut(w, decision);
    }
    idle = before === `${w.saga.version} ${w.events.length} ${w.runs.size}` ? idle + 1 : 0;
  }
};

export const take = (walk: Walk, watch?: world.Watch): world.World => {
  const w = world.createWorld(walk.flow, watch);
  const tape = [...walk.tape];
  const draw: Draw = (below) => (tape.shift() ?? 0) % below;
  world.look(w, 'carried_out');
  while (tape.length > 0) {
    takeStep(w, draw, walk);
  }
  rest(w);
  return w;
};
