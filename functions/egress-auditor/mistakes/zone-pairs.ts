import type { Finding } from '../report/report.ts';
import { type EgressFacts, type Sent, sum, type VmPlace } from '../traffic/facts.ts';
import type { PricedLane } from '../lanes/pricing.ts';
import { nameVm } from '../traffic/resource-names.ts';
import { gib, usd } from './evidence-text.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import { scaleUsd, type UsdRange } from '../../../shared/prices/money.ts';
import { firstRate, priceRow } from '../../../shared/prices/network-prices.ts';

/** Two zones of a region between which VMs talk, where moving one machine costs less than it saves. */
export function judgeZonePairs(
  facts: EgressFacts,
  lanes: readonly PricedLane[],
  monthFactor: number,
): readonly Finding[] {
  const pairs = new Map<string, PricedLane[]>();
  for (const lane of lanes) {
    if (lane.kind !== 'cross-zone') continue;
    const key = [lane.from, lane.to].sort().join(' ');
    pairs.set(key, [...(pairs.get(key) ?? []), lane]);
  }
  const talk = talkOf(facts);
  return [...pairs].flatMap(([key, both]): Finding[] => {
    const [a = '', b = ''] = key.split(' ');
    const moves = [...movesOf(talk, a, b), ...movesOf(talk, b, a)].sort((x, y) => y.gainBytes - x.gainBytes);
    const [best] = moves;
    // Moving any one machine would send more across zones than it does now.
    if (best === undefined || best.gainBytes <= 0) return [];
    return [findingOf(facts, both, best, monthFactor)];
  });
}

/** What a VM exchanges with each zone, in both directions. */
type Talk = ReadonlyMap<string, { readonly zone: string; readonly byZone: ReadonlyMap<string, number> }>;

function talkOf({ toZones, fromZones }: EgressFacts): Talk {
  const talk = new Map<string, { zone: string; byZone: Map<string, number> }>();
  const add = ({ vmId, zone, to, bytes }: Sent): void => {
    const known = talk.get(vmId) ?? { zone, byZone: new Map<string, number>() };
    known.byZone.set(to, (known.byZone.get(to) ?? 0) + bytes);
    talk.set(vmId, known);
  };
  toZones.forEach(add);
  fromZones?.forEach(add);
  return talk;
}

interface Move {
  readonly vmId: string;
  readonly to: string;
  /** With the other zone, which would be free, and with its own, which would no longer be. */
  readonly acrossBytes: number;
  readonly withinBytes: number;
  readonly gainBytes: number;
}

function movesOf(talk: Talk, from: string, to: string): readonly Move[] {
  return [...talk]
    .filter(([, { zone, byZone }]) => zone === from && (byZone.get(to) ?? 0) > 0)
    .map(([vmId, { byZone }]) => {
      const [acrossBytes, withinBytes] = [byZone.get(to) ?? 0, byZone.get(from) ?? 0];
      return { vmId, to, acrossBytes, withinBytes, gainBytes: acrossBytes - withinBytes };
    });
}

function findingOf(
  facts: EgressFacts,
  both: readonly PricedLane[],
  move: Move,
  monthFactor: number,
): Finding {
  const [a = '', b = ''] = both[0] === undefined ? [] : [both[0].from, both[0].to].sort();
  const vm = facts.vms?.get(move.vmId);
  const name = nameVm(facts, move.vmId);
  const rate = firstRate(priceRow('vm-cross-zone'));
  const usdOf = (bytes: number): UsdRange => scaleUsd(rate, (bytes * monthFactor) / GIB);
  const laneBytes = sum(both.map(({ bytes }) => bytes));
  const saves = usdOf(Math.min(move.gainBytes, laneBytes));
  // Without what it receives, the traffic that would newly cross zones may be more than is known.
  const known = facts.fromZones !== undefined;
  return {
    id: `chatty-zones:${a}:${b}`,
    kind: 'chatty-zones',
    title: `VMs in ${a} and ${b} talk across zones: moving ${name.text} to ${move.to} would save a part of it`,
    resources: [name.resource],
    lanes: both.map(({ id }) => id),
    certainty: known ? 'measured' : 'likely',
    evidence: {
      ...Object.fromEntries(both.map(({ from, to, bytes }) => [`${from} to ${to}`, gib(bytes)])),
      [`${name.text} with ${move.to}`]: gib(move.acrossBytes),
      [`${name.text} in its own zone, which would cross zones`]: gib(move.withinBytes),
      'what the move would newly cost a month': usd(usdOf(move.withinBytes)),
      'when it is no mistake': 'replicas that shall survive the loss of a zone',
    },
    usdPerMonth: known ? saves : { low: 0, high: saves.high },
    command: vm === undefined ? listCommand(facts.project, a, b) : moveCommand(facts.project, vm, move.to),
  };
}

function listCommand(project: string, ...zones: readonly string[]): string {
  return `gcloud compute instances list --project=${shellWord(project)} --zones=${zones.join(',')}`;
}

/** A VM moves as a machine image of itself; its addresses change. */
export function moveCommand(project: string, { name, zone }: VmPlace, to: string): string {
  const image = shellWord(`${name}-move`);
  const vm = shellWord(name);
  const inProject = `--project=${shellWord(project)}`;
  return [
    `gcloud compute machine-images create ${image} --source-instance=${vm} --source-instance-zone=${zone} ${inProject}`,
    `gcloud compute instances create ${shellWord(`${name}-moved`)} --source-machine-image=${image} --zone=${to} ${inProject}`,
  ].join(' && ');
}
