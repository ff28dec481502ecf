/** What depends on what. */

export type FlowNode = { readonly id: string; readonly dependsOn: readonly string[] };

/** For each node all that it depends on, directly or not; itself, where it is in a cycle. Names of no node are left out. */
export const ancestorsOf = (nodes: readonly FlowNode[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return new Map(
    nodes.map(({ id, dependsOn }) => {
      const seen = new Set<string>();
      const open = [...dependsOn];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const node = byId.get(next);
        if (node !== undefined && !seen.has(next)) {
          seen.add(next);
          open.push(...node.dependsOn);
        }
      }
      return [id, seen];
    }),
  );
};

/** The shortest way from a node back to itself, both ends named. */
const wayBack = (start: string, byId: ReadonlyMap<string, FlowNode>): readonly string[] => {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const at of queue) {
    for (const next of byId.get(at)?.dependsOn ?? []) {
      if (next === start) {
        const way = [at];
        for (let step = cameFrom.get(at); step !== undefined; step = cameFrom.get(step)) {
          way.unshift(step);
        }
        return [...way, start];
      }
      if (byId.has(next) && !cameFrom.has(next)) {
        cameFrom.set(next, at);
        queue.push(next);
      }
    }
  }
  return [start];
};

/** One way round for each set of nodes that depend on each other: `[a, b, a]` where a depends on b and b on a. */
export const cyclesOf = (nodes: readonly FlowNode[]): readonly (readonly string[])[] => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ancestors = ancestorsOf(nodes);
  const known = new Set<string>();
  return [...byId.keys()].flatMap((id) => {
    const above = ancestors.get(id);
    if (known.has(id) || above?.has(id) !== true) {
      return [];
    }
    for (const other of above) {
      if (ancestors.get(other)?.has(id) === true) {
        known.add(other);
      }
    }
    return [wayBack(id, byId)];
  });
};
