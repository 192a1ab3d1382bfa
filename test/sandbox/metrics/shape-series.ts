import { metricOf } from '../services/monitoring/metric-catalog.ts';
import type { Labelled, Sample, Series } from '../services/monitoring/series.ts';
import { evaluateShape } from './evaluate-shape.ts';
import type { Shape } from './shapes.ts';

export interface ShapeSeriesOptions {
  readonly metricType: string;
  readonly metricLabels: Readonly<Record<string, string>>;
  readonly resource: Labelled;
  readonly shape: Shape;
  readonly seed: string;
  readonly startMs: number;
  readonly range: { readonly min: number; readonly max: number };
  /** Whether the resource reported anything at that moment. */
  readonly presentAt: (atMs: number) => boolean;
  /** From the shape's value to the metric's, e.g. bytes per second to bytes in a sample period. */
  readonly convert?: (value: number) => number;
}

/** The series of one metric of one resource, for VMs, buckets and flows alike; none for the shape `none`. */
export function shapeSeries(options: ShapeSeriesOptions): Series[] {
  const { shape, presentAt, convert } = options;
  if (shape === 'none') return [];
  const { type, metricKind, valueType, unit, samplePeriodMs } = metricOf(options.metricType);
  const signal = evaluateShape(shape, options);
  const round = valueType === 'INT64' ? Math.round : (value: number): number => value;
  return [
    {
      metric: { type, labels: options.metricLabels },
      resource: options.resource,
      metricKind,
      valueType,
      unit,
      *points(fromMs, toMs): Iterable<Sample> {
        const first = (Math.floor(fromMs / samplePeriodMs) + 1) * samplePeriodMs;
        for (let atMs = first; atMs <= toMs; atMs += samplePeriodMs) {
          if (!presentAt(atMs)) continue;
          const value = signal(atMs);
          if (value !== undefined) yield { atMs, value: round(convert?.(value) ?? value) };
        }
      },
    },
  ];
}
