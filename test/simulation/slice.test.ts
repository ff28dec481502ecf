/**
 * The slice of the simulation that every change passes: functions die at every place of every story, other faults strike at
 * each third, and some random worlds. The whole is `npm run simulate`. A failure names the command that shows it line by line.
 */
import { describe, expect, it } from 'vitest';
import { type Account, addAccount, emptyAccount, explore } from './explore.ts';
import { FAULT_KINDS } from './faults.ts';
import { gapsOf, SLICE, unitsOf } from './plan.ts';
import { STORIES } from './scenarios/index.ts';

const sum: Account = emptyAccount();
const shown = ({ found }: Account): string[] =>
  found.map(({ promise, detail, command }) => `${promise}: ${detail} (npm run simulate -- ${command})`);

describe('whatever single fault strikes, wherever', () => {
  it.each(STORIES.map(({ name }) => name))('%s keeps every promise', { timeout: 240_000 }, async (scenario) => {
    const account = await explore({ way: 'singles', scenario, seed: 1, kinds: FAULT_KINDS, everyNth: SLICE.everyNth });
    addAccount(sum, account);
    expect(shown(account)).toEqual([]);
    // The shortest story has some thirty port calls, before and after each of which its function dies.
    expect(account.faulted).toBeGreaterThan(30);
  });
});

it('random worlds keep every promise', { timeout: 240_000 }, async () => {
  const units = await unitsOf({ ...SLICE, seeds: 0 }, 1);
  for (const unit of units) {
    const account = await explore(unit);
    addAccount(sum, account);
    expect(shown(account)).toEqual([]);
  }
});

it('every fault has struck, and functions have died before and after every port call', () => {
  expect(gapsOf(sum)).toEqual([]);
});
