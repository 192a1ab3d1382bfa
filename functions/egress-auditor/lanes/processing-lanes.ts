import { addSteps, type EgressFacts, type LoadBalancerTraffic, type Steps, sum } from '../traffic/facts.ts';
import { regionOf } from '../traffic/geography.ts';
import { type Draft, one, type OneTalker } from './lane.ts';

/** What Cloud NAT and load balancers process. */
export function processed(facts: EgressFacts): readonly OneTalker[] {
  return [...natOf(facts), ...facts.loadBalancers.map(loadBalancerOf)];
}

/** The metrics of NAT and of flows count different headers. */
const TOLERANCE = 0.1;

/** Both directions are processed. What no traffic of the VM with the outside explains went to other regions by Private NAT. */
function natOf(facts: EgressFacts): readonly OneTalker[] {
  return [...(facts.nat ?? [])].flatMap(([who, { zone, steps }]): readonly OneTalker[] => {
    if (sum(steps) === 0) return [];
    const region = regionOf(zone) ?? zone;
    const inside = betweenRegions(facts, who, region, steps);
    const between = sum([...inside.values()]);
    const rest = scale(steps, 1 - between / sum(steps));
    return [
      { draft: natLane(region), who, steps: rest },
      ...[...inside].map(([other, bytes]) => ({
        draft: natLane(region, other),
        who,
        steps: scale(steps, bytes / sum(steps)),
      })),
    ];
  });
}

function natLane(region: string, other?: string): Draft {
  return {
    id: `nat:${region}${other === undefined ? '' : `:${other}`}`,
    kind: other === undefined ? 'nat' : 'inter-region-nat',
    from: region,
    to: other === undefined ? 'Cloud NAT' : `Cloud NAT to ${other}`,
    tier: null,
    price: one('nat-processing'),
  };
}

/** Bytes of the window by other region that Cloud NAT must have carried there, as the metric of NAT names no destination. */
function betweenRegions(
  { sent, received, toZones, fromZones }: EgressFacts,
  vmId: string,
  region: string,
  nat: Steps,
): ReadonlyMap<string, number> {
  const byRegion = new Map<string, number>();
  // Without one direction, what it would explain is unknown.
  if (sent === undefined || received === undefined) return byRegion;
  const outside = [sent.get(vmId), received.get(vmId)].flatMap((traffic) =>
    Object.entries(traffic?.byType ?? {}).flatMap(([type, steps]) => (type === 'CLOUD' ? [] : [steps])),
  );
  const explained = outside.reduce(addSteps, scale(nat, 0));
  const excess = sum(nat.map((bytes, at) => Math.max(0, bytes - (explained[at] ?? 0) * (1 + TOLERANCE))));
  for (const { vmId: id, to, bytes } of [...toZones, ...(fromZones ?? [])]) {
    const other = regionOf(to);
    if (id === vmId && other !== undefined && other !== region)
      byRegion.set(other, (byRegion.get(other) ?? 0) + bytes);
  }
  const all = sum([...byRegion.values()]);
  const share = all === 0 ? 0 : Math.min(1, excess / all);
  if (share === 0 || excess < TOLERANCE * sum(nat)) return new Map();
  return new Map([...byRegion].map(([other, bytes]) => [other, bytes * share]));
}

function scale(steps: Steps, factor: number): Steps {
  return steps.map((bytes) => bytes * factor);
}

function loadBalancerOf({ path, text, passthrough, direction, rule, steps }: LoadBalancerTraffic): OneTalker {
  const answers = passthrough && direction === 'out';
  return {
    draft: {
      id: `load-balancer:${path}${answers ? ':answers' : ''}`,
      kind: 'load-balancer',
      from: text,
      to: answers ? 'answers to clients' : 'processing',
      tier: null,
      price: one(answers ? 'load-balancer-answers' : 'load-balancer-processing'),
    },
    who: `forwardingRules/${rule}`,
    steps,
  };
}
