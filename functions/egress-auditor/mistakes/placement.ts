import { gib, judgeBuckets } from './bucket-placement.ts';
import { matches } from './bucket-readers.ts';
import { sum, type EgressFacts, type VmPlace } from '../traffic/facts.ts';
import { onContinent, regionOf } from '../traffic/geography.ts';
import { firstRate, priceGib, priceRow, scaleUsd } from '../network-prices.ts';
import { GIB, type PricedLane } from '../traffic/pricing.ts';
import { nameVm } from '../traffic/resource-names.ts';
import type { Finding, UsdPerMonth } from '../report/report.ts';
import { shellWord } from './shell.ts';

/**
 * Placement mistakes, the most expensive first. Each is claimed only where the metrics carry it, and only when it costs at
 * least `threshold` USD a month; what has no price is reported whatever it costs.
 */
export function findMistakes(
  facts: EgressFacts,
  lanes: readonly PricedLane[],
  monthFactor: number,
  threshold: number,
): readonly Finding[] {
  const worst = ({ usdPerMonth }: Finding): number => (usdPerMonth === 'unpriced' ? -1 : usdPerMonth.high);
  return [
    ...judgeBuckets(facts, monthFactor),
    ...judgeZonePairs(facts, lanes),
    ...judgeExternalAddresses(facts, monthFactor),
    ...judgePremium(facts, lanes, monthFactor),
    ...judgeNat(facts, monthFactor),
  ]
    .filter(({ usdPerMonth }) => usdPerMonth === 'unpriced' || usdPerMonth.high >= Math.max(threshold, 0.01))
    .sort((a, b) => worst(b) - worst(a) || (a.id < b.id ? -1 : 1));
}

/** Two zones of a region between which VMs talk. */
function judgeZonePairs(facts: EgressFacts, lanes: readonly PricedLane[]): readonly Finding[] {
  const pairs = new Map<string, PricedLane[]>();
  for (const lane of lanes) {
    if (lane.kind !== 'cross-zone') continue;
    const key = [lane.from, lane.to].sort().join(' ');
    pairs.set(key, [...(pairs.get(key) ?? []), lane]);
  }
  return [...pairs].map(([key, both]): Finding => {
    const [a = '', b = ''] = key.split(' ');
    const largest = both.reduce((most, lane) => (lane.bytes > most.bytes ? lane : most));
    const talkers = [...largest.talkers].sort(([, left], [, right]) => right - left);
    const [mover, moved = 0] = talkers[0] ?? [];
    const vm = mover === undefined ? undefined : facts.vms?.get(mover);
    return {
      id: `chatty-zones:${a}:${b}`,
      kind: 'chatty-zones',
      title: `VMs in ${a} and ${b} talk across zones: in one zone that is free`,
      resources: talkers.slice(0, 5).map(([vmId]) => nameVm(facts, vmId).resource),
      certainty: 'measured',
      evidence: {
        ...Object.fromEntries(both.map(({ from, to, bytes }) => [`${from} to ${to}`, gib(bytes)])),
        ...(mover === undefined ? {} : { 'sends most': `${nameVm(facts, mover).text}, ${gib(moved)}` }),
        'when it is no mistake': 'replicas that shall survive the loss of a zone',
      },
      usdPerMonth: both
        .map((lane) => lane.usdPerMonth)
        .reduce<UsdPerMonth>(
          (total, one) =>
            total === 'unpriced' || one === 'unpriced'
              ? 'unpriced'
              : { low: total.low + one.low, high: total.high + one.high },
          { low: 0, high: 0 },
        ),
      command:
        vm === undefined ? listCommand(facts.project, a, b) : moveCommand(facts.project, vm, largest.to),
    };
  });
}

function listCommand(project: string, ...zones: readonly string[]): string {
  return `gcloud compute instances list --project=${shellWord(project)} --zones=${zones.join(',')}`;
}

/** A VM moves as a machine image of itself; its addresses change. */
function moveCommand(project: string, { name, zone }: VmPlace, to: string): string {
  const image = shellWord(`${name}-move`);
  const vm = shellWord(name);
  const inProject = `--project=${shellWord(project)}`;
  return [
    `gcloud compute machine-images create ${image} --source-instance=${vm} --source-instance-zone=${zone} ${inProject}`,
    `gcloud compute instances create ${shellWord(`${name}-moved`)} --source-machine-image=${image} --zone=${to} ${inProject}`,
  ].join(' && ');
}

/** Below this much a day two machines' totals can be alike by chance. */
const MIN_MATCHED_BYTES = 5 * GIB;
/** So many steps must be alike. */
const MIN_MATCHED_STEPS = 3;
/** Totals that differ by more are not compared. */
const TOTALS_ALIKE = 0.12;

/**
 * Pairs of own VMs with external addresses where the one sends to the internet, step by step, what the other receives from
 * there. The metric shows the external address of an own VM as internet.
 */
function judgeExternalAddresses(facts: EgressFacts, monthFactor: number): readonly Finding[] {
  const { vms, sent, received } = facts;
  if (vms === undefined || sent === undefined || received === undefined) return [];
  const external = (traffic: typeof sent) =>
    [...traffic].flatMap(([vmId, { byType }]) => {
      const steps = byType['EXTERNAL'] ?? [];
      const vm = vms.get(vmId);
      return vm !== undefined && vm.tiers.length > 0 && sum(steps) >= MIN_MATCHED_BYTES
        ? [{ vmId, vm, steps, bytes: sum(steps) }]
        : [];
    });
  const receivers = external(received).sort((a, b) => a.bytes - b.bytes);
  return external(sent).flatMap((sender): Finding[] => {
    const alike = receivers.filter(
      (receiver) =>
        receiver.vmId !== sender.vmId &&
        Math.abs(receiver.bytes - sender.bytes) <= TOTALS_ALIKE * sender.bytes &&
        sender.steps.filter((bytes) => bytes > 0).length >= MIN_MATCHED_STEPS &&
        matches(sender.steps, receiver.steps),
    );
    const [receiver, ...others] = alike;
    // Several that fit are none that is known.
    if (receiver === undefined || others.length > 0) return [];
    return [externalFinding(facts, sender, receiver, monthFactor)];
  });
}

interface Party {
  readonly vmId: string;
  readonly vm: VmPlace;
  readonly bytes: number;
}

function externalFinding(facts: EgressFacts, from: Party, to: Party, monthFactor: number): Finding {
  const [sender, receiver] = [nameVm(facts, from.vmId), nameVm(facts, to.vmId)];
  const monthlyGib = (from.bytes * monthFactor) / GIB;
  const sameZone = from.vm.zone === to.vm.zone;
  return {
    id: `external-address-between-own-vms:${from.vmId}:${to.vmId}`,
    kind: 'external-address-between-own-vms',
    title: `${sender.text} talks to ${receiver.text} over its external address`,
    resources: [sender.resource, receiver.resource],
    certainty: 'likely',
    evidence: {
      'sent to the internet': gib(from.bytes),
      'received from the internet': gib(to.bytes),
      'how they were joined': 'in every step the one received what the other sent, and no other VM did',
      'billed as': sameZone
        ? 'traffic between VMs over external addresses (0.01 USD/GiB) or as internet traffic; the metric does not tell'
        : 'traffic between VMs, which costs the same over internal addresses, or as internet traffic; the metric does not tell',
      'what settles it': 'VPC Flow Logs name both ends',
    },
    usdPerMonth: {
      low: sameZone ? firstRate(priceRow('vm-cross-zone')).low * monthlyGib : 0,
      high: internetUsd(monthlyGib),
    },
    command: `gcloud compute instances describe ${shellWord(to.vm.name)} --zone=${to.vm.zone} --project=${shellWord(facts.project)} --format='value(networkInterfaces[0].networkIP)'`,
  };
}

function internetUsd(monthlyGib: number): number {
  const { usd } = priceGib(priceRow('premium-worldwide'), monthlyGib);
  return usd === 'unpriced' ? 0 : usd.high;
}

/** Premium crosses continents on Google's own network; what stays near leaves it soon anyway. */
const MIN_NEAR_SHARE = 0.8;

/** Premium-tier traffic of a region that mostly stays on its continent, where Standard is cheaper. */
function judgePremium(
  facts: EgressFacts,
  lanes: readonly PricedLane[],
  monthFactor: number,
): readonly Finding[] {
  const regions = new Map<string, PricedLane[]>();
  for (const lane of lanes)
    if (lane.kind === 'internet' && lane.tier === 'premium')
      regions.set(lane.from, [...(regions.get(lane.from) ?? []), lane]);
  return [...regions].flatMap(([region, own]): Finding[] => {
    const standard = own.flatMap(({ standardRow }) => standardRow ?? [])[0];
    if (standard === undefined) return [];
    const bytes = sum(own.map((lane) => lane.bytes));
    const near = nearBytes(facts, region);
    const gibs = (bytes * monthFactor) / GIB;
    const already = sum(
      lanes
        .filter(({ kind, tier, from }) => kind === 'internet' && tier === 'standard' && from === region)
        .map((lane) => (lane.bytes * monthFactor) / GIB),
    );
    const before = priceGib(priceRow(standard), already).usd;
    const after = priceGib(priceRow(standard), already + gibs).usd;
    const premium = own.map(({ usdPerMonth }) => usdPerMonth);
    if (near < MIN_NEAR_SHARE * bytes || before === 'unpriced' || after === 'unpriced') return [];
    const now = premium.reduce<UsdPerMonth>(
      (total, one) =>
        total === 'unpriced' || one === 'unpriced'
          ? 'unpriced'
          : { low: total.low + one.low, high: total.high + one.high },
      { low: 0, high: 0 },
    );
    if (now === 'unpriced') return [];
    const saves = { low: now.low - (after.high - before.low), high: now.high - (after.low - before.high) };
    if (saves.low <= 0) return [];
    const talkers = new Map<string, number>();
    for (const lane of own)
      for (const [vmId, sent] of lane.talkers) talkers.set(vmId, (talkers.get(vmId) ?? 0) + sent);
    const [first, ...rest] = [...talkers].sort(([, a], [, b]) => b - a);
    if (first === undefined) return [];
    const vm = facts.vms?.get(first[0]);
    if (vm === undefined) return [];
    return [
      {
        id: `premium-tier:${region}`,
        kind: 'premium-tier',
        title: `${nameVm(facts, first[0]).text}${rest.length > 0 ? ` and ${rest.length} more` : ''} in ${region} ${rest.length > 0 ? 'send' : 'sends'} to the internet over the Premium tier, nearly all of it on the same continent`,
        resources: [first, ...rest].slice(0, 20).map(([vmId]) => nameVm(facts, vmId).resource),
        certainty: 'likely',
        evidence: {
          'sent to the internet': gib(bytes),
          'to the same continent': gib(near),
          'Premium a month': `${now.low.toFixed(2)} USD`,
          'Standard a month': `${(after.high - before.low).toFixed(2)} USD`,
          'when it is no mistake': 'users who need Premium’s latency, or a global load balancer before it',
        },
        usdPerMonth: saves,
        command: tierCommand(facts.project, vm),
      },
    ];
  });
}

/** Of the countries that were asked for, what a region's Premium VMs sent to their own continent. */
function nearBytes(facts: EgressFacts, region: string): number {
  const continents = new Map(
    (facts.flows ?? []).map(({ remote }) => [remote.country, remote.continent] as const),
  );
  return sum(
    facts.toCountries
      .filter(({ vmId, zone, to }) => {
        const [tier, ...others] = new Set(facts.vms?.get(vmId)?.tiers);
        return (
          regionOf(zone) === region &&
          tier === 'PREMIUM' &&
          others.length === 0 &&
          onContinent(region, continents.get(to) ?? '')
        );
      })
      .map(({ bytes }) => bytes),
  );
}

/** The tier of an external address cannot change: it is given back, and another one taken. */
function tierCommand(project: string, { name, zone }: VmPlace): string {
  const vm = `${shellWord(name)} --zone=${zone} --project=${shellWord(project)}`;
  return `gcloud compute instances delete-access-config ${vm} --access-config-name='External NAT' && gcloud compute instances add-access-config ${vm} --access-config-name='External NAT' --network-tier=STANDARD`;
}

/** Downloads have small requests and large answers. */
const MIN_DOWNLOAD_RATIO = 10;

/** VMs without external address whose downloads go through Cloud NAT because their subnet cannot reach Google directly. */
function judgeNat(facts: EgressFacts, monthFactor: number): readonly Finding[] {
  const { nat, vms, subnets } = facts;
  if (nat === undefined || vms === undefined || subnets === undefined) return [];
  const bySubnet = new Map<string, { vmId: string; vm: VmPlace; bytes: number }[]>();
  for (const [vmId, { sentBytes, receivedBytes }] of nat) {
    const vm = vms.get(vmId);
    if (vm?.subnet === undefined || vm.addresses.length > 0 || subnets.get(vm.subnet) !== false) continue;
    if (!vm.runsContainers || receivedBytes < MIN_DOWNLOAD_RATIO * sentBytes) continue;
    bySubnet.set(vm.subnet, [
      ...(bySubnet.get(vm.subnet) ?? []),
      { vmId, vm, bytes: receivedBytes + sentBytes },
    ]);
  }
  return [...bySubnet].map(([subnet, pullers]): Finding => {
    const bytes = sum(pullers.map((puller) => puller.bytes));
    const [, region = '', , name = ''] = subnet.split('/');
    const [first] = pullers;
    return {
      id: `downloads-through-nat:${subnet}`,
      kind: 'downloads-through-nat',
      title: `${first === undefined ? '' : nameVm(facts, first.vmId).text}${pullers.length > 1 ? ` and ${pullers.length - 1} more` : ''} pull images through Cloud NAT: the subnet ${name} has no Private Google Access`,
      resources: [
        ...pullers.map(({ vmId }) => nameVm(facts, vmId).resource),
        `projects/${facts.project}/${subnet}`,
      ],
      certainty: 'likely',
      evidence: {
        'processed by Cloud NAT': gib(bytes),
        'run containers and have no external address': pullers.map(({ vm }) => vm.name),
        'received more than sent': `at least ${MIN_DOWNLOAD_RATIO} times, as downloads do`,
        'Private Google Access': `off on ${subnet}`,
        'what else it takes': 'images in Artifact Registry; those of other registries go on through NAT',
      },
      usdPerMonth: scaleUsd(firstRate(priceRow('nat-processing')), (bytes * monthFactor) / GIB),
      command: `gcloud compute networks subnets update ${shellWord(name)} --region=${region} --project=${shellWord(facts.project)} --enable-private-ip-google-access`,
    };
  });
}
