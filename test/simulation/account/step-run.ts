/** The ids of the runs of steps, in words of their own: `<no>~<step>~<n>`, of an undo `<no>~<step>~c<n>`. */
export const stepRun = (no: string, step: string, n: number): string => `${no}~${step}~${n}`;
export const undoRun = (no: string, step: string, n: number): string => `${no}~${step}~c${n}`;
export const isStepRun = (id: string): boolean => id.includes('~');

export const partsOf = (
  id: string,
): { readonly no: string; readonly step: string; readonly undo: boolean; readonly n: number } => {
  const [no = '', step = '', last = ''] = id.split('~');
  const undo = last.startsWith('c');
  return { no, step, undo, n: Number(undo ? last.slice(1) : last) };
};
