import type { Gap } from '../../../shared/run/receipt.ts';
import type { Mark } from '../../../shared/prices/mark.ts';
import type { UsdRange, UsdPerMonth } from '../../../shared/prices/money.ts';

/**
 * The report of one project: what the JSON answer holds, and what page and CSV are made from. Everything in it is plain
 * JSON; money is in USD at list prices, sizes are bytes (prices count GiB of 2^30), times are RFC 3339 in UTC.
 */
export interface EgressReport {
  readonly project: string;
  readonly generatedAt: string;
  readonly window: ReportWindow;
  /** All lanes together, those without a price apart. */
  readonly headline: Headline;
  /** The most expensive first (by the upper bound), then those without a price, then the sum of the small ones. */
  readonly lanes: readonly Lane[];
  readonly series: Series;
  /** The most expensive first, then those without a price. */
  readonly findings: readonly Finding[];
  /** What could not be read: numbers that it touches are lower bounds. */
  readonly incomplete: readonly Gap[];
  /** What holds for every report of this kind or for this one: how it projects, what metrics leave out, doubtful prices. */
  readonly notes: readonly string[];
  /** Says which price books are older than 90 days; absent where none is. */
  readonly oldPrices?: string;
  readonly prices: { readonly asOf: string; readonly rows: readonly UsedPrice[] };
  /** Attempts by call. */
  readonly apiCalls: Readonly<Record<string, number>>;
}

export interface ReportWindow {
  /** As requested: `7d`. */
  readonly requested: string;
  /** The interval (start, end]; it ends some minutes ago, since metrics come late. */
  readonly start: string;
  readonly end: string;
  readonly hours: number;
  /** A month is this many windows. */
  readonly monthFactor: number;
}

export interface Headline {
  /** Sum over all lanes that have a price. */
  readonly usdPerMonth: UsdRange;
  /** What the lanes of the window before cost a month; null where it can no longer be read. */
  readonly previousUsdPerMonth: UsdRange | null;
  /** Bytes that Cloud NAT and load balancers process are those of other lanes, and not counted again. */
  readonly bytes: number;
  readonly monthlyBytes: number;
  /** What the lanes cost where the readers that were found are the ones; within the bounds above. */
  readonly likelyUsdPerMonth: UsdRange;
  /** What all findings save together: money that two of them save is counted once. `unpriced` counts those without a price. */
  readonly canBeSaved: { readonly usdPerMonth: UsdRange; readonly unpriced: number };
  /** Lanes that the sum leaves out, and their monthly bytes. */
  readonly unpriced: { readonly lanes: number; readonly monthlyBytes: number };
}

export const laneKinds = [
  'same-zone',
  'cross-zone',
  'inter-region',
  'inter-continent',
  'internet',
  'google-apis',
  'hybrid',
  'bucket-reads',
  'nat',
  'inter-region-nat',
  'load-balancer',
  'unknown',
  'small-lanes',
] as const;

/**
 * `cross-zone` stays in one region, `inter-region` on one continent; `hybrid` is VPN or Interconnect; `bucket-reads` has an
 * unknown destination; `nat` is what Cloud NAT processes, `inter-region-nat` the part of it that went to other regions and `load-balancer` what load balancers process, on top of the lanes that the bytes take; `unknown` is what the metric's labels do not tell; `small-lanes` sums what is below `reportAbove`.
 */
export type LaneKind = (typeof laneKinds)[number];

/** Traffic from one place to another, over all machines that send it. */
export interface Lane {
  /** Unique in the report and the same in the next one. */
  readonly id: string;
  readonly kind: LaneKind;
  /** For people: a zone, a region, `buckets in EU`. May hold names that others chose. */
  readonly from: string;
  /** For people: a zone, a region, a group of countries, `Google APIs`. */
  readonly to: string;
  /** Of internet lanes; null elsewhere. */
  readonly tier: 'premium' | 'standard' | 'unknown' | null;
  readonly bytes: number;
  readonly monthlyBytes: number;
  readonly usdPerMonth: UsdPerMonth;
  /** How far the cost is known: by the metrics, by readers that fit, not at all. */
  readonly known: Known;
  /** 0 to 1, of all bytes; 0 of what is processed, whose bytes count in other lanes. */
  readonly bytesShare: number;
  /** 0 to 1, of the headline's upper bound; null without a price. */
  readonly costShare: number | null;
  /** What a GiB comes to on average, tiers and bounds included; null without a price. */
  readonly usdPerGib: UsdRange | null;
  /** The same lane in the window before; null where that can no longer be read. */
  readonly previous: { readonly bytes: number; readonly usdPerMonth: UsdPerMonth } | null;
  /** How the price came about: `0.02 USD/GiB within Europe`. */
  readonly pricing: string;
  /** How far that price is verified; the weakest row counts. Null without a price. */
  readonly mark: Mark | null;
  /** Why `low` and `high` differ and what narrows them; null when they do not. */
  readonly bounds: string | null;
  /** At most five, the largest first. */
  readonly topTalkers: readonly Talker[];
  /** How many there are in all. */
  readonly talkers: number;
}

export interface Known {
  readonly certain: Part;
  readonly likely: Part;
  readonly unknown: Part;
}

/** A part of a lane. */
export interface Part {
  readonly monthlyBytes: number;
  readonly usdPerMonth: UsdPerMonth;
}

export interface Talker {
  /** `projects/P/zones/Z/instances/N` (`projects/P/instances/ID` for a VM that is gone), or `gs://BUCKET method`. */
  readonly resource: string;
  readonly bytes: number;
  /** 0 to 1, of the lane's bytes. */
  readonly share: number;
}

/** Equal steps through the window, the oldest first. */
export interface Series {
  /** 24 for daily steps; shorter windows have shorter ones. */
  readonly stepHours: number;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly start: string;
  readonly end: string;
  readonly bytes: number;
  /** Kinds without traffic are absent; never `small-lanes`. */
  readonly bytesByKind: Readonly<Partial<Record<LaneKind, number>>>;
  /** This step's part of what its lanes cost. */
  readonly usd: UsdRange;
  /** The same by kind; kinds without a priced lane are absent. */
  readonly usdByKind: Readonly<Partial<Record<LaneKind, UsdRange>>>;
}

export const findingKinds = [
  'far-from-bucket',
  'chatty-zones',
  'external-address-between-own-vms',
  'premium-tier',
  'bucket-read-from-several-regions',
] as const;

export type FindingKind = (typeof findingKinds)[number];

/** A placement mistake. */
export interface Finding {
  readonly id: string;
  readonly kind: FindingKind;
  /** One sentence: what is where, and what it should be near. May hold names that others chose. */
  readonly title: string;
  /** Full names of what it is about. */
  readonly resources: readonly string[];
  /** Ids of the lanes on which it saves; with `small-lanes`, lanes that the report sums there. */
  readonly lanes: readonly string[];
  /** `measured`: the metrics show it; `likely`: they fit it, and `evidence` says what would settle it. */
  readonly certainty: 'measured' | 'likely';
  /** What it was seen by, by name; in the order in which it is to be read. */
  readonly evidence: Readonly<Record<string, string | number | readonly string[]>>;
  /** What fixing it saves. */
  readonly usdPerMonth: UsdPerMonth;
  /** For a shell; names in it are quoted. */
  readonly command: string;
}

/** A row of the price book that the report used. */
export interface UsedPrice {
  readonly id: string;
  readonly what: string;
  readonly usdPerGib: string;
  readonly source: string;
  readonly mark: Mark;
}
