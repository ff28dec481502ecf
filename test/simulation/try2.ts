import { execute } from './execution.ts';
import { describeFault, FAULT_KINDS, type FaultKind } from './faults.ts';
import { STORIES as SCENARIOS } from './scenarios/index.ts';

const only = process.argv[2];
const seeds = Number(process.argv[3] ?? 1);
const kinds = process.argv[4]?.split(',') ?? FAULT_KINDS;
let total = 0;
const t0 = performance.now();
const seen = new Map<string, string[]>();
for (const s of SCENARIOS.filter((x) => only === undefined || only === 'all' || x.name === only))
  for (let seed = 1; seed <= seeds; seed++) {
    const base = await execute(s, { seed, plan: { faults: [] } });
    if (base.violation) console.log(s.name, seed, 'BASE', base.violation);
    for (const kind of kinds as FaultKind[])
      for (let nth = 1; nth <= base.opportunities[kind]; nth++) {
        const o = await execute(s, { seed, plan: { faults: [{ kind, nth }] } });
        total++;
        if (o.violation) {
          const k = s.name + ' ' + kind + ' ' + o.violation.promise;
          seen.set(k, [...(seen.get(k) ?? []), `${seed} ${describeFault({ kind, nth })} ${o.violation.detail}`]);
        }
      }
  }
for (const [k, v] of seen) console.log(k, v.length, '\n   ', v[0]);
const c = process.cpuUsage();
console.log(
  total,
  'executions',
  ((performance.now() - t0) / total).toFixed(2),
  'ms each, cpu',
  ((c.user + c.system) / 1000 / total).toFixed(2),
);
