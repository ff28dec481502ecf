import { explore } from './explore.ts';

const from = Number(process.argv[2] ?? 1),
  count = Number(process.argv[3] ?? 500);
const t0 = performance.now();
let n = 0;
const seen = new Map<string, string[]>();
let faulted = 0;
const kinds: Record<string, number> = {};
for (let f = from; f < from + count; f += 20) {
  const a = await explore({ way: 'random', from: f, count: 20 });
  n += a.executions;
  faulted += a.faulted;
  for (const [k, v] of Object.entries(a.kinds)) kinds[k] = (kinds[k] ?? 0) + (v ?? 0);
  for (const x of a.found) seen.set(x.promise, [...(seen.get(x.promise) ?? []), x.command + ' ' + x.detail]);
}
for (const [k, v] of seen) console.log(k, v.length, '\n   ', v.slice(0, 4).join('\n    '));
console.log(n, 'executions', faulted, 'faulted', ((performance.now() - t0) / n).toFixed(2), 'ms each');
console.log(kinds);
