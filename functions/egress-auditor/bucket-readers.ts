import { sum, type EgressFacts, type Steps } from './facts.ts';
import { regionOf } from './geography.ts';

/** A VM that most plausibly reads a bucket. */
export interface Reader {
  readonly vmId: string;
  readonly region: string;
  /** What it received from Google's services in the window. */
  readonly bytes: number;
}

export interface ReadBucket {
  readonly bucket: string;
  /** What the bucket sent in the window. */
  readonly bytes: number;
  readonly readers: readonly Reader[];
  /** Share of the bucket's bytes that the readers' ingress explains, about 1. */
  readonly explained: number;
}

/** The two metrics count different headers, and a step's last bytes may fall into the next one. */
const TOLERANCE = 0.1;

/** Less than this share of what a VM received or a bucket sent is noise beside it. */
const NOISE = 0.02;

/** The readers found must explain at least this much of what the bucket sent. */
const MIN_EXPLAINED = 0.8;

/**
 * Who reads which bucket, as far as the metrics carry it: a VM's ingress from Google's services names no service, and a
 * bucket's egress no reader. A VM counts as a reader when in every step it received no more than the bucket sent, no other
 * bucket could have sent as much, and all readers of the bucket together received what it sent, step by step. Of anything
 * less nothing is claimed.
 */
export function findReaders({ received, reads }: EgressFacts): readonly ReadBucket[] {
  const sentBy = new Map<string, number[]>();
  for (const { bucket, steps } of reads ?? []) {
    const known = sentBy.get(bucket);
    if (known === undefined) sentBy.set(bucket, [...steps]);
    else for (const [index, bytes] of steps.entries()) known[index] = (known[index] ?? 0) + bytes;
  }
  const buckets = [...sentBy].map(([bucket, steps]) => ({ bucket, steps, bytes: sum(steps) }));
  const candidates = new Map<string, { readonly reader: Reader; readonly steps: Steps }[]>();
  for (const [vmId, { zone, byType }] of received ?? []) {
    const steps = byType['GOOGLE_INTERNAL'];
    const region = regionOf(zone);
    if (steps === undefined || region === undefined || sum(steps) === 0) continue;
    const [only, ...others] = buckets.filter(
      (bucket) => bucket.bytes > 0 && couldSend(bucket.steps, steps) && sum(steps) > NOISE * bucket.bytes,
    );
    if (only === undefined || others.length > 0) continue;
    const known = candidates.get(only.bucket) ?? [];
    known.push({ reader: { vmId, region, bytes: sum(steps) }, steps });
    candidates.set(only.bucket, known);
  }
  return buckets.flatMap(({ bucket, steps, bytes }): ReadBucket[] => {
    const readers = candidates.get(bucket) ?? [];
    const explained = sum(readers.map(({ reader }) => reader.bytes)) / bytes;
    const together = steps.map((_, index) => sum(readers.map((one) => one.steps[index] ?? 0)));
    if (readers.length === 0 || explained < MIN_EXPLAINED || !matches(steps, together)) return [];
    return [{ bucket, bytes, explained, readers: readers.map(({ reader }) => reader) }];
  });
}

/** Whether what was received in each step can have come from what was sent in it. */
function couldSend(sent: Steps, received: Steps): boolean {
  const noise = NOISE * sum(received);
  return received.every((bytes, index) => bytes <= (sent[index] ?? 0) * (1 + TOLERANCE) + noise);
}

/** Whether two rows of steps are the same but for headers and noise. */
export function matches(sent: Steps, received: Steps): boolean {
  const noise = NOISE * Math.max(sum(sent), sum(received));
  const slack = 1 - MIN_EXPLAINED;
  return sent.every((bytes, index) => {
    const got = received[index] ?? 0;
    return got <= bytes * (1 + TOLERANCE) + noise && got >= bytes * (1 - slack) - noise;
  });
}
