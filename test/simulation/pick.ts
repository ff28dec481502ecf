/** One of them, each as likely as the others. */
export const pick = <T>(chance: () => number, ...items: readonly [T, ...T[]]): T =>
  items[Math.floor(chance() * items.length)] ?? items[0];
