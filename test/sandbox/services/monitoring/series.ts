export type MetricKind = 'GAUGE' | 'DELTA';
export type ValueType = 'DOUBLE' | 'INT64';

/** One value of a series. A DELTA value covers the metric's sample period that ends at `atMs`. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export interface Labelled {
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A raw time series. `points` yields the samples with `fromMs < atMs <= toMs`, oldest first. */
export interface Series {
  readonly metric: Labelled;
  readonly resource: Labelled;
  readonly metricKind: MetricKind;
  readonly valueType: ValueType;
  readonly unit: string;
  readonly points: (fromMs: number, toMs: number) => Iterable<Sample>;
  /** The sum of these samples without going through them, where the source can; undefined when there is none. */
  readonly sum?: (fromMs: number, toMs: number) => number | undefined;
}

/**
 * What a request can possibly match, so that a source with 10,000 VMs looks up the hundred that are requested. A source may
 * ignore it and return more: the filter is applied to everything it returns.
 */
export interface SeriesQuery {
  readonly metricType: string;
  /** Resource labels that the filter pins to a few values, e.g. `{ instance_id: ['1', '2'] }`. */
  readonly resourceLabels: Readonly<Record<string, readonly string[]>>;
}
