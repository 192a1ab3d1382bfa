import type { LaneKind } from '../report/report.ts';
import type { Steps } from '../traffic/facts.ts';

export interface PricedBy {
  readonly row: string;
  readonly pool: string;
  /** A pool of more lanes whose tiers may count together as well: no source tells. */
  readonly widerPool?: string | undefined;
}

/** How a lane is priced: by the rows that are possible, each with the pool whose tiers it shares. */
export interface LanePrice {
  /** Several when the metric does not tell which; none when no source has a price. */
  readonly rows: readonly PricedBy[];
  /** What decides between several rows, and what would tell; undefined for one. */
  readonly doubt: string | undefined;
}

/** A lane with its bytes, not yet priced. */
export interface RawLane {
  readonly id: string;
  readonly kind: Exclude<LaneKind, 'small-lanes'>;
  readonly from: string;
  readonly to: string;
  readonly tier: 'premium' | 'standard' | 'unknown' | null;
  readonly price: LanePrice;
  /** Of internet lanes: the row of the Standard tier from this region; undefined where there is none. */
  readonly standardRow?: string | undefined;
  readonly steps: Steps;
  /** Bytes by sender: a VM id, or `gs://BUCKET method`. */
  readonly talkers: ReadonlyMap<string, number>;
  /** What fits readers that were found, or what VMs and buckets were measured to receive: rows for some of the bytes. */
  readonly likely: readonly LikelyPart[];
}

export interface LikelyPart {
  /** The row, or those between which it is not known. */
  readonly rows: readonly string[];
  /** In the window. */
  readonly bytes: number;
}

export type Draft = Omit<RawLane, 'steps' | 'talkers' | 'likely'>;

/** What one talker sends or has processed on a lane. */
export interface OneTalker {
  readonly draft: Draft;
  /** A VM id, `gs://BUCKET method` or a forwarding rule. */
  readonly who: string;
  readonly steps: Steps;
}

export const one = (row: string): LanePrice => ({ rows: [{ row, pool: row }], doubt: undefined });

/** The lane's rows, each with a pool of its own. */
export function anyOf(rows: Iterable<string>, doubt: string): LanePrice {
  return { rows: [...new Set(rows)].map((row) => ({ row, pool: row })), doubt };
}

export const UNPRICED: LanePrice = { rows: [], doubt: undefined };
