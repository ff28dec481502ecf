import { execute } from './execution.ts';
import { parseFault } from './faults.ts';
import { SCENARIOS } from './scenarios/index.ts';

const [name, seed = '1', faults = '', trace = ''] = process.argv.slice(2);
for (const s of SCENARIOS.filter((x) => name === undefined || x.name === name)) {
  const t = performance.now();
  const o = await execute(s, {
    seed: Number(seed),
    plan: { faults: faults === '' ? [] : faults.split(',').map(parseFault) },
    ...(trace === '' ? {} : { write: (l: string) => console.log(l) }),
  });
  console.log(
    s.name,
    o.violation,
    o.struck.map((f) => f.kind + f.nth),
    [...o.calls.values()].reduce((a, b) => a + b, 0),
    'calls',
    (performance.now() - t).toFixed(1),
    'ms',
  );
  if (name) console.log(Object.fromEntries(Object.entries(o.opportunities).filter(([, v]) => v > 0)));
}
