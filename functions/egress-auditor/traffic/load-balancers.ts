import { addSteps, type LoadBalancerTraffic, type Steps } from './facts.ts';
import type { Attempt } from './flows.ts';
import { LABEL, type Metrics, type NotePartial } from './metrics.ts';

/** A kind of load balancer by its path in Google's list of metrics, with the monitored resources that have these metrics. */
interface Kind {
  readonly path: string;
  readonly text: string;
  readonly resources: readonly string[];
  readonly into: string;
  readonly out: string;
  /** Packets go from the machines to the client without passing the load balancer. */
  readonly passthrough?: boolean;
  /** What is left out, in Monitoring's filter language: an answer of Cloud CDN does not transit the load balancer. */
  readonly answersFilter?: string;
}

/** https://docs.cloud.google.com/load-balancing/docs/metrics; names, labels and resources are those of Google's list of metrics. */
const KINDS: readonly Kind[] = [
  {
    path: 'https',
    text: 'global and classic Application Load Balancers',
    resources: ['https_lb_rule'],
    into: 'request',
    out: 'response',
    answersFilter: `${LABEL}cache_result != "HIT"`,
  },
  {
    path: 'https/external/regional',
    text: 'regional external Application Load Balancers',
    resources: ['http_external_regional_lb_rule'],
    into: 'request',
    out: 'response',
  },
  {
    path: 'https/internal',
    text: 'internal Application Load Balancers',
    resources: ['internal_http_lb_rule'],
    into: 'request',
    out: 'response',
  },
  {
    path: 'l3/external',
    text: 'external passthrough Network Load Balancers',
    resources: ['tcp_lb_rule', 'udp_lb_rule'],
    into: 'ingress',
    out: 'egress',
    passthrough: true,
  },
  {
    path: 'l3/internal',
    text: 'internal passthrough Network Load Balancers',
    resources: ['internal_tcp_lb_rule', 'internal_udp_lb_rule'],
    into: 'ingress',
    out: 'egress',
    passthrough: true,
  },
  {
    path: 'tcp_ssl_proxy',
    text: 'classic proxy Network Load Balancers',
    resources: ['tcp_ssl_proxy_rule'],
    into: 'ingress',
    out: 'egress',
  },
  {
    path: 'l4_proxy',
    text: 'proxy Network Load Balancers',
    resources: ['l4_proxy_rule'],
    into: 'ingress',
    out: 'egress',
  },
];

const RULE = 'resource.labels.forwarding_rule_name';

/** What load balancers process, by forwarding rule and direction. */
export async function readLoadBalancers(
  metrics: Metrics,
  attempt: Attempt,
  partial: NotePartial,
): Promise<readonly LoadBalancerTraffic[]> {
  const found: LoadBalancerTraffic[] = [];
  await Promise.all(
    KINDS.flatMap((kind) =>
      (['into', 'out'] as const).map((direction) =>
        attempt(`${kind.text}, ${direction === 'into' ? 'requests' : 'answers'}`, () =>
          readOne(metrics, kind, direction, partial, found),
        ),
      ),
    ),
  );
  return found;
}

async function readOne(
  metrics: Metrics,
  kind: Kind,
  direction: 'into' | 'out',
  partial: NotePartial,
  found: LoadBalancerTraffic[],
): Promise<void> {
  const names = kind.resources.map((name) => JSON.stringify(name)).join(', ');
  const left = direction === 'out' && kind.answersFilter !== undefined ? ` AND ${kind.answersFilter}` : '';
  const byRule = new Map<string, { readonly steps: Steps; readonly previous: number }>();
  await metrics.sums(
    {
      metricType: `loadbalancing.googleapis.com/${kind.path}/${kind[direction]}_bytes_count`,
      filter: `resource.type = one_of(${names})${left}`,
      groupBy: [RULE],
      previous: true,
    },
    partial,
    (series) => {
      const rule = series.resourceLabels['forwarding_rule_name'] ?? '';
      const before = byRule.get(rule);
      const steps = metrics.stepsOf(series);
      byRule.set(rule, {
        steps: before === undefined ? steps : addSteps(steps, before.steps),
        previous: metrics.previousOf(series) + (before?.previous ?? 0),
      });
    },
  );
  const { path, text, passthrough = false } = kind;
  for (const [rule, sums] of byRule) found.push({ path, text, passthrough, direction, rule, ...sums });
}
