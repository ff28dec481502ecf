/** What a payload tells a simulated worker to do. */
export type Behaviour = {
  /** Which submit it came from. */
  readonly label: string;
  readonly workMs: number;
  /** So many tries fail. */
  readonly fails: number;
  /** Characters of output beside the signature. */
  readonly prints: number;
  /** Reports progress half way. */
  readonly progress: boolean;
};

export const isBehaviour = (value: unknown): value is Behaviour =>
  typeof value === 'object' && value !== null && 'workMs' in value && 'fails' in value;
