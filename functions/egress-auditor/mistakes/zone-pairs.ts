import type { Finding } from '../report/report.ts';
import type { EgressFacts, VmPlace } from '../traffic/facts.ts';
import type { PricedLane } from '../traffic/pricing.ts';
import { nameVm } from '../traffic/resource-names.ts';
import { gib } from './evidence-text.ts';
import { shellWord } from './shell.ts';
import { sumUsd } from '../../../shared/prices/money.ts';

/** Two zones of a region between which VMs talk. */
export function judgeZonePairs(facts: EgressFacts, lanes: readonly PricedLane[]): readonly Finding[] {
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
      usdPerMonth: sumUsd(both.map((lane) => lane.usdPerMonth)),
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
