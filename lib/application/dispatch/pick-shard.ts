/** A shard for a new entry of a sharded index. */
export const pickShard = (shards: number, chance: () => number): number => Math.floor(chance() * shards);

/** The shard that an id calls home: always the same, evenly spread (FNV-1a, 32 bits). */
export const homeShard = (id: string, shards: number): number => {
  let hash = 0x811c9dc5;
  for (const char of id) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash % shards;
};
