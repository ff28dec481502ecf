/**
 * The simulation can fail: each of these bugs is put into a copy of the code, and the simulation finds it and names the
 * promise that it breaks.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { simulationWith } from './bugs/apply.ts';
import { problemOf } from './bugs/hunt.ts';
import { BUGS } from './bugs/list.ts';
import { commandOf, type Play, playIn, search } from './bugs/search.ts';

const plays: Play[] = [];

describe('a deliberate bug is found, and the promise that it breaks is named', () => {
  it.each(BUGS.map(({ name, about }) => [name, about]))('%s: %s', { timeout: 120_000 }, async (name) => {
    for (const bug of BUGS.filter((one) => one.name === name)) {
      const hunted = await search(bug);
      expect(problemOf(bug, hunted)).toBeUndefined();
      plays.push(...(hunted.found === undefined ? [] : [hunted.found.play]));
    }
  });
});

it('the code as it is keeps every promise in the same executions', { timeout: 120_000 }, async () => {
  const simulation = await simulationWith([]);
  const broken: string[] = [];
  expect(plays).toHaveLength(BUGS.length);
  for (const play of plays) {
    const { violation } = await playIn(simulation, play);
    broken.push(...(violation === undefined ? [] : [`${violation.promise}: ${violation.detail} (${commandOf(play)})`]));
  }
  expect(broken).toEqual([]);
});

describe('the list of bugs', () => {
  it('has no name twice', () => {
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  });

  it('opens every hole that the protocol closes', async () => {
    const protocol = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const holes = [...protocol.matchAll(/^\| (H\d+) \|/gm)].map(([, hole]) => hole);
    const opened = new Set<string | undefined>(BUGS.map(({ hole }) => hole));
    expect(holes.length).toBeGreaterThan(25);
    expect(holes.filter((hole) => !opened.has(hole))).toEqual([]);
  });
});
