import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { LazySeries, Result } from './aggregate.ts';
import type { Window } from './align.ts';
import type { Sample } from './series.ts';

/** "If `page_size` is empty or more than 100,000 results, the effective `page_size` is 100,000": metric_service.proto. */
const MAX_PAGE_SIZE = 100_000;

/** Where the next page goes on: inside the series `key`, with the points older than `beforeMs`, or with that series. */
const tokenSchema = z.object({
  /** Of the query that the token continues. */
  digest: z.string(),
  /** All pages of a list show the data of one moment. */
  asOfMs: z.number(),
  key: z.string(),
  beforeMs: z.number().nullable(),
});

export type PageToken = z.output<typeof tokenSchema>;

export interface PageOptions {
  readonly view: 'FULL' | 'HEADERS';
  /** 0 for the default. Counts points, or series when only headers are shown. */
  readonly pageSize: number;
  readonly window: Window;
  readonly digest: string;
  readonly asOfMs: number;
  readonly token: PageToken | undefined;
}

/** A result in the order in which its pages show it. */
export interface Listing extends Result {
  readonly keyed: readonly { readonly key: string; readonly series: LazySeries }[];
}

/** Series in the order of their labels, so that a page goes on at the right place although VMs come and go meanwhile. */
export function toListing(result: Result): Listing {
  const keyed = [...result.series]
    .map((series) => ({ key: keyOf(series), series }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { ...result, keyed };
}

export interface Page {
  readonly timeSeries: readonly object[];
  readonly nextPageToken?: string;
}

/** After so many series other calls get their turn: a large answer must not hold up small ones. */
const SERIES_AT_A_TIME = 50;

export async function cutPage(
  listing: Listing,
  { view, pageSize, window, digest, asOfMs, token }: PageOptions,
): Promise<Page> {
  const timeSeries: object[] = [];
  const timestamp = timestampWriter();
  let room = pageSize === 0 ? MAX_PAGE_SIZE : Math.min(pageSize, MAX_PAGE_SIZE);
  let read = 0;
  for (const { key, series } of listing.keyed) {
    if (token !== undefined && key < token.key) continue;
    if (++read % SERIES_AT_A_TIME === 0) await setImmediate();
    const resumed = token?.key === key ? token.beforeMs : null;
    const points = [...series.read(window.startMs, window.endMs)]
      .reverse()
      .filter(({ atMs }) => resumed === null || atMs < resumed);
    if (points.length === 0) continue;
    const next = (beforeMs: number | null): string => writeToken({ digest, asOfMs, key, beforeMs });
    if (room === 0) return { timeSeries, nextPageToken: next(resumed) };
    const shown = view === 'FULL' ? points.slice(0, room) : [];
    timeSeries.push(show(series, listing, shown, timestamp));
    room -= view === 'FULL' ? shown.length : 1;
    const last = shown.at(-1);
    if (last !== undefined && shown.length < points.length)
      return { timeSeries, nextPageToken: next(last.atMs) };
  }
  return { timeSeries };
}

function keyOf({ metric, resource }: LazySeries): string {
  const sorted = (labels: Readonly<Record<string, string>>): string[] =>
    Object.keys(labels)
      .sort()
      .flatMap((name) => [name, labels[name] ?? '']);
  return JSON.stringify([resource.type, ...sorted(resource.labels), '', ...sorted(metric.labels)]);
}

function show(
  { metric, resource }: LazySeries,
  { shape, periodMs }: Result,
  points: readonly Sample[],
  timestamp: (atMs: number) => string,
): object {
  const labelled = ({ type, labels }: LazySeries['metric']): object =>
    Object.keys(labels).length === 0 ? { type } : { type, labels };
  return {
    metric: labelled(metric),
    resource: labelled(resource),
    metricKind: shape.metricKind,
    valueType: shape.valueType,
    ...(points.length === 0
      ? {}
      : {
          points: points.map(({ atMs, value }) => ({
            interval: {
              startTime: timestamp(shape.metricKind === 'DELTA' ? atMs - periodMs : atMs),
              endTime: timestamp(atMs),
            },
            value: shape.valueType === 'INT64' ? { int64Value: String(value) } : { doubleValue: value },
          })),
        }),
  };
}

/** A Timestamp in its JSON form: no fraction when there is none. All series of a page share their times. */
function timestampWriter(): (atMs: number) => string {
  const written = new Map<number, string>();
  return (atMs) => {
    let text = written.get(atMs);
    if (text === undefined) {
      text = new Date(atMs).toISOString().replace('.000Z', 'Z');
      written.set(atMs, text);
    }
    return text;
  };
}

function writeToken(token: PageToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** Errors: INVALID_ARGUMENT for a token that was not made for this query. */
export function readToken(text: string, digest: string): PageToken | undefined {
  if (text === '') return undefined;
  const token = tokenSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString()));
  if (token.success && token.data.digest === digest) return token.data;
  throw new ApiError(
    'INVALID_ARGUMENT',
    `Field pageToken had an invalid value of "${text}": The page token does not belong to this request.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
