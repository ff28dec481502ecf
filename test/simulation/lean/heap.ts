/** What comes first by its instant; of equals, what was added first. */
export const createHeap = <T>() => {
  const items: { readonly at: number; readonly order: number; readonly item: T }[] = [];
  let added = 0;
  const isBefore = (a: number, b: number): boolean => {
    const [one, other] = [items[a], items[b]];
    return (
      one !== undefined &&
      other !== undefined &&
      (one.at < other.at || (one.at === other.at && one.order < other.order))
    );
  };
  const swap = (a: number, b: number): void => {
    const [one, other] = [items[a], items[b]];
    if (one !== undefined && other !== undefined) {
      items[a] = other;
      items[b] = one;
    }
  };
  return {
    push: (at: number, item: T): void => {
      added += 1;
      let index = items.push({ at, order: added, item }) - 1;
      for (let parent = (index - 1) >> 1; index > 0 && isBefore(index, parent); parent = (index - 1) >> 1) {
        swap(index, parent);
        index = parent;
      }
    },
    pop: (): { readonly at: number; readonly item: T } | undefined => {
      const [first] = items;
      const last = items.pop();
      if (items.length === 0 || last === undefined) {
        return first;
      }
      items[0] = last;
      for (let index = 0; ; ) {
        const [left, right] = [2 * index + 1, 2 * index + 2];
        const least = [left, right].reduce((best, at) => (isBefore(at, best) ? at : best), index);
        if (least === index) {
          return first;
        }
        swap(index, least);
        index = least;
      }
    },
  };
};
