import { addSteps, sum, type EgressFacts, type Steps } from './facts.ts';
import { regionOf } from './geography.ts';

/** A VM that most plausibly reads a bucket. */
export interface Reader {
  readonly vmId: string;
  readonly region: string;
  /** Another project of the scope that it is in. */
  readonly project: string | undefined;
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

interface Sender {
  readonly bucket: string;
  /** In this project; those of others only explain what VMs received. */
  readonly own: boolean;
  readonly steps: Steps;
  readonly bytes: number;
  /** What no reader has been found for yet. */
  left: Steps;
}

interface Receiver extends Reader {
  readonly steps: Steps;
}

/**
 * Who reads which bucket, as far as the metrics carry it: a VM's ingress from Google's services names no service, and a
 * bucket's egress no reader. First come pairs whose days are alike and unlike all others; then VMs that no other bucket can
 * have sent to. A bucket counts only when its readers together received what it sent, step by step. Of anything less nothing
 * is claimed.
 */
export function findReaders(facts: EgressFacts): readonly ReadBucket[] {
  const senders = sendersOf(facts);
  const receivers = receiversOf(facts);
  const found = new Map<Sender, Receiver[]>();
  const join = (sender: Sender, receiver: Receiver): void => {
    found.set(sender, [...(found.get(sender) ?? []), receiver]);
    sender.left = sender.left.map((bytes, index) => Math.max(0, bytes - (receiver.steps[index] ?? 0)));
    receivers.delete(receiver);
  };
  for (const [sender, receiver] of alikePairs(senders, receivers)) join(sender, receiver);
  const certain = [...receivers].flatMap((receiver) => {
    const [only, ...others] = senders.filter(
      (sender) => couldSend(sender.left, receiver.steps) && receiver.bytes > NOISE * sender.bytes,
    );
    return only === undefined || others.length > 0 ? [] : [[only, receiver] as const];
  });
  for (const [sender, receiver] of certain) join(sender, receiver);
  return [...found].flatMap(([{ bucket, own, steps, bytes }, readers]): ReadBucket[] => {
    if (!own) return [];
    const explained = sum(readers.map((reader) => reader.bytes)) / bytes;
    const together = steps.map((_, index) => sum(readers.map((reader) => reader.steps[index] ?? 0)));
    if (explained < MIN_EXPLAINED || !matches(steps, together)) return [];
    return [
      {
        bucket,
        bytes,
        explained,
        readers: readers.map(({ vmId, region, project, bytes: got }) => ({
          vmId,
          region,
          project,
          bytes: got,
        })),
      },
    ];
  });
}

function sendersOf({ reads, others }: EgressFacts): readonly Sender[] {
  const byBucket = new Map<string, Pick<Sender, 'own' | 'steps'>>();
  const all = [
    ...(reads ?? []).map(({ bucket, steps }) => ({ bucket, steps, own: true })),
    ...others.reads.map(({ bucket, steps }) => ({ bucket, steps, own: false })),
  ];
  for (const { bucket, steps, own } of all) {
    const known = byBucket.get(bucket);
    byBucket.set(bucket, { own, steps: known === undefined ? steps : addSteps(known.steps, steps) });
  }
  return [...byBucket]
    .map(([bucket, { own, steps }]) => ({ bucket, own, steps, left: steps, bytes: sum(steps) }))
    .filter(({ bytes }) => bytes > 0);
}

function receiversOf({ received, others }: EgressFacts): Set<Receiver> {
  const receivers = new Set<Receiver>();
  const add = (vmId: string, zone: string, steps: Steps, project?: string): void => {
    const region = regionOf(zone);
    if (region !== undefined && sum(steps) > 0)
      receivers.add({ vmId, region, project, bytes: sum(steps), steps });
  };
  for (const [vmId, { zone, byType }] of received ?? []) add(vmId, zone, byType['GOOGLE_INTERNAL'] ?? []);
  for (const [vmId, { zone, steps, project }] of others.received) add(vmId, zone, steps, project);
  return receivers;
}

/** Pairs of one bucket and one VM whose uneven steps match each other's and no other pair's. */
function alikePairs(
  senders: readonly Sender[],
  receivers: ReadonlySet<Receiver>,
): readonly (readonly [Sender, Receiver])[] {
  const pairs = senders
    .filter(({ steps }) => isUneven(steps))
    .flatMap((sender) =>
      [...receivers]
        .filter(({ steps }) => matches(sender.steps, steps))
        .map((receiver) => [sender, receiver] as const),
    );
  return pairs.filter(
    ([sender, receiver]) =>
      pairs.filter((other) => other[0] === sender || other[1] === receiver).length === 1,
  );
}

/** So many steps, and so far apart, that another one's are not the same by chance. */
function isUneven(steps: Steps): boolean {
  return steps.length >= 3 && Math.max(...steps) - Math.min(...steps) > 0.5 * (sum(steps) / steps.length);
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
