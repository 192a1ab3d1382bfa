/** What becomes of a notebook. */
export interface Verdict {
  readonly action: 'keep' | 'warn' | 'stop' | 'start';
  readonly reason: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

/** Doing nothing, with its reason. */
export function keep(reason: string, evidence: Readonly<Record<string, unknown>> = {}): Verdict {
  return { action: 'keep', reason, evidence };
}
