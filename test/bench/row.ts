/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** What is expected, and whether it was reached; absent for what is only told. */
  readonly goal?: { readonly expected: string; readonly reached: boolean };
}

export interface BenchOptions {
  /** Fewer repetitions and no large fleet. */
  readonly quick: boolean;
}

/** A topic's rows, each as soon as it is measured. */
export type Bench = (options: BenchOptions) => AsyncIterable<Row>;

/** The middle value; the higher one of the two middle ones. Throws for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('Cannot take the median of nothing');
  return middle;
}

/** `12,345 ms` */
export function milliseconds(value: number): string {
  return `${Math.round(value).toLocaleString('en-US')} ms`;
}
