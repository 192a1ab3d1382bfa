import type { Finding } from '../report/report.ts';
import { type EgressFacts, sum, type VmPlace } from '../traffic/facts.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import { internetRowId } from '../../../shared/prices/network-rates.ts';
import { regionOf } from '../traffic/geography.ts';
import type { PricedLane } from '../lanes/pricing.ts';
import { nameVm } from '../traffic/resource-names.ts';
import { matches } from '../traffic/readers.ts';
import { gib } from './evidence-text.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import { firstRate, priceRow, priceGib } from '../../../shared/prices/network-prices.ts';

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
export function judgeExternalAddresses(
  facts: EgressFacts,
  lanes: readonly PricedLane[],
  monthFactor: number,
): readonly Finding[] {
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
    const own = lanes.filter(({ kind, talkers }) => kind === 'internet' && talkers.has(sender.vmId));
    return [
      externalFinding(
        facts,
        sender,
        receiver,
        monthFactor,
        own.map(({ id }) => id),
      ),
    ];
  });
}

interface Party {
  readonly vmId: string;
  readonly vm: VmPlace;
  readonly bytes: number;
}

function externalFinding(
  facts: EgressFacts,
  from: Party,
  to: Party,
  monthFactor: number,
  lanes: readonly string[],
): Finding {
  const [sender, receiver] = [nameVm(facts, from.vmId), nameVm(facts, to.vmId)];
  const monthlyGib = (from.bytes * monthFactor) / GIB;
  const sameZone = from.vm.zone === to.vm.zone;
  return {
    id: `external-address-between-own-vms:${from.vmId}:${to.vmId}`,
    kind: 'external-address-between-own-vms',
    title: `${sender.text} talks to ${receiver.text} over its external address`,
    resources: [sender.resource, receiver.resource],
    lanes,
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
      high: internetUsd(regionOf(from.vm.zone) ?? '', monthlyGib),
    },
    command: `gcloud compute instances describe ${shellWord(to.vm.name)} --zone=${to.vm.zone} --project=${shellWord(facts.project)} --format='value(networkInterfaces[0].networkIP)'`,
  };
}

function internetUsd(region: string, monthlyGib: number): number {
  const { usd } = priceGib(priceRow(internetRowId(region, 'worldwide')), monthlyGib);
  return usd === 'unpriced' ? 0 : usd.high;
}
