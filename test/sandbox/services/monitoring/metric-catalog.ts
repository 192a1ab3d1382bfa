import type { MetricKind, ValueType } from './series.ts';

/** A metric descriptor as far as the sandbox needs it. */
export interface Metric {
  readonly type: string;
  readonly metricKind: MetricKind;
  readonly valueType: ValueType;
  readonly unit: string;
  readonly resourceType: keyof typeof RESOURCE_LABELS;
  readonly labels: readonly string[];
  readonly samplePeriodMs: number;
  /** How long after its sampling a point becomes visible at the latest. */
  readonly delayMs: number;
}

const RESOURCE_LABELS = {
  gce_instance: ['project_id', 'instance_id', 'zone'],
  gcs_bucket: ['project_id', 'bucket_name', 'location'],
  iam_service_account: ['project_id', 'unique_id'],
  'tpu.googleapis.com/GceTpuWorker': ['resource_container', 'location', 'worker_id'],
  'aiplatform.googleapis.com/Endpoint': ['resource_container', 'location', 'endpoint_id'],
  https_lb_rule: ['project_id', 'region', 'forwarding_rule_name', 'url_map_name', 'backend_name'],
  http_external_regional_lb_rule: ['project_id', 'region', 'forwarding_rule_name', 'url_map_name'],
  internal_http_lb_rule: ['project_id', 'region', 'forwarding_rule_name', 'url_map_name'],
  tcp_lb_rule: ['project_id', 'region', 'forwarding_rule_name', 'backend_target_name'],
  internal_tcp_lb_rule: ['project_id', 'region', 'forwarding_rule_name', 'backend_target_name'],
  tcp_ssl_proxy_rule: ['project_id', 'region', 'forwarding_rule_name', 'target_proxy_name'],
  l4_proxy_rule: ['project_id', 'region', 'forwarding_rule_name', 'target_proxy_name'],
} as const;

type Row = readonly [
  type: string,
  kind: MetricKind,
  valueType: ValueType,
  unit: string,
  labels: readonly string[],
  sampleSeconds: number,
  delaySeconds: number,
];

const DISK_LABELS = ['instance_name', 'device_name', 'storage_type', 'device_type'];
const GPU_LABELS = ['gpu_number', 'model', 'uuid'];
const NAT_LABELS = ['nat_project_number', 'router_id', 'nat_gateway_name', 'ip_protocol'];
const FLOW_LABELS = [
  'local_network',
  'local_subnetwork',
  'local_network_interface',
  'remote_country',
  'remote_continent',
  'remote_project_id',
  'remote_zone',
  'remote_location_type',
  'remote_network',
  'remote_subnetwork',
  'protocol',
  'network_topology_remote_label',
  'remote_vpn_tunnel',
];

// Kinds, units, labels, sample periods and delays are those of Google's published metric lists (April 2026). For
// agent metrics no delay is published: the Ops Agent sends every 60 s, and 120 s covers one period and the way there.
const INSTANCE: readonly Row[] = [
  [
    'compute.googleapis.com/instance/cpu/utilization',
    'GAUGE',
    'DOUBLE',
    '10^2.%',
    ['instance_name'],
    60,
    240,
  ],
  ['compute.googleapis.com/instance/cpu/usage_time', 'DELTA', 'DOUBLE', 's{CPU}', ['instance_name'], 60, 240],
  ['compute.googleapis.com/instance/cpu/reserved_cores', 'GAUGE', 'DOUBLE', '1', ['instance_name'], 60, 240],
  ['compute.googleapis.com/instance/uptime', 'DELTA', 'DOUBLE', 's', ['instance_name'], 60, 240],
  ['compute.googleapis.com/instance/disk/read_bytes_count', 'DELTA', 'INT64', 'By', DISK_LABELS, 60, 240],
  ['compute.googleapis.com/instance/disk/write_bytes_count', 'DELTA', 'INT64', 'By', DISK_LABELS, 60, 240],
  [
    'compute.googleapis.com/instance/network/sent_bytes_count',
    'DELTA',
    'INT64',
    'By',
    ['instance_name', 'loadbalanced'],
    60,
    240,
  ],
  [
    'compute.googleapis.com/instance/network/received_bytes_count',
    'DELTA',
    'INT64',
    'By',
    ['instance_name', 'loadbalanced'],
    60,
    240,
  ],
  ['agent.googleapis.com/gpu/utilization', 'GAUGE', 'DOUBLE', '%', GPU_LABELS, 60, 120],
  [
    'agent.googleapis.com/gpu/memory/bytes_used',
    'GAUGE',
    'DOUBLE',
    'By',
    [...GPU_LABELS, 'memory_state'],
    60,
    120,
  ],
  ['networking.googleapis.com/vm_flow/egress_bytes_count', 'DELTA', 'INT64', 'By', FLOW_LABELS, 60, 150],
  ['networking.googleapis.com/vm_flow/ingress_bytes_count', 'DELTA', 'INT64', 'By', FLOW_LABELS, 60, 150],
  ['compute.googleapis.com/nat/sent_bytes_count', 'DELTA', 'INT64', 'By', NAT_LABELS, 60, 165],
  ['compute.googleapis.com/nat/received_bytes_count', 'DELTA', 'INT64', 'By', NAT_LABELS, 60, 165],
];

const DAY_SECONDS = 86_400;
const BUCKET: readonly Row[] = [
  [
    'storage.googleapis.com/network/sent_bytes_count',
    'DELTA',
    'INT64',
    'By',
    ['response_code', 'method'],
    60,
    210,
  ],
  [
    'storage.googleapis.com/network/received_bytes_count',
    'DELTA',
    'INT64',
    'By',
    ['response_code', 'method'],
    60,
    210,
  ],
  ['storage.googleapis.com/api/request_count', 'DELTA', 'INT64', '1', ['response_code', 'method'], 60, 210],
  ['storage.googleapis.com/storage/total_bytes', 'GAUGE', 'DOUBLE', 'By', ['storage_class'], 300, 690],
  [
    'storage.googleapis.com/storage/v2/total_bytes',
    'GAUGE',
    'DOUBLE',
    'By',
    ['storage_class', 'type'],
    300,
    690,
  ],
  [
    'storage.googleapis.com/storage/v2/total_count',
    'GAUGE',
    'INT64',
    '1',
    ['storage_class', 'type'],
    300,
    690,
  ],
  ['storage.googleapis.com/storage/object_count', 'GAUGE', 'INT64', '1', ['storage_class'], 300, 690],
  [
    'storage.googleapis.com/storage/v2/deleted_bytes',
    'DELTA',
    'INT64',
    'By',
    ['storage_class'],
    DAY_SECONDS,
    DAY_SECONDS,
  ],
];

const ENDPOINT: readonly Row[] = [
  [
    'aiplatform.googleapis.com/prediction/online/prediction_count',
    'DELTA',
    'INT64',
    '1',
    ['deployed_model_id'],
    60,
    180,
  ],
];

/** Sampled every 600 s and up to three hours late. */
const SERVICE_ACCOUNT: readonly Row[] = [
  [
    'iam.googleapis.com/service_account/key/authn_events_count',
    'DELTA',
    'INT64',
    '1',
    ['key_id'],
    600,
    10_800,
  ],
];

const TPU_WORKER: readonly Row[] = [
  ['tpu.googleapis.com/accelerator/duty_cycle', 'GAUGE', 'DOUBLE', '%', ['accelerator_id'], 60, 180],
];

const HTTPS_LABELS = [
  'protocol',
  'response_code',
  'response_code_class',
  'proxy_continent',
  'client_country',
];

/** What load balancers carry: what comes from clients, and what goes to them. */
const LOAD_BALANCERS: readonly (readonly [
  Metric['resourceType'],
  path: string,
  into: string,
  out: string,
  labels: readonly string[],
  delaySeconds: number,
])[] = [
  ['https_lb_rule', 'https', 'request', 'response', [...HTTPS_LABELS, 'cache_result'], 210],
  ['http_external_regional_lb_rule', 'https/external/regional', 'request', 'response', HTTPS_LABELS, 90],
  ['internal_http_lb_rule', 'https/internal', 'request', 'response', HTTPS_LABELS, 90],
  [
    'tcp_lb_rule',
    'l3/external',
    'ingress',
    'egress',
    ['client_continent', 'client_country', 'protocol'],
    150,
  ],
  ['internal_tcp_lb_rule', 'l3/internal', 'ingress', 'egress', ['client_zone', 'client_network'], 150],
  ['tcp_ssl_proxy_rule', 'tcp_ssl_proxy', 'ingress', 'egress', ['proxy_continent', 'client_country'], 210],
  ['l4_proxy_rule', 'l4_proxy', 'ingress', 'egress', ['client_country'], 210],
];

/** The two metrics of a kind of load balancer, by the path that the list of metrics has for it. */
export function loadBalancerMetrics(path: string): { readonly into: string; readonly out: string } {
  const row = LOAD_BALANCERS.find(([, known]) => known === path);
  if (row === undefined) throw new Error(`Cannot find load balancers of the kind "${path}"`);
  const [, , into, out] = row;
  const name = (which: string): string => `loadbalancing.googleapis.com/${path}/${which}_bytes_count`;
  return { into: name(into), out: name(out) };
}

function metricsOf(resourceType: Metric['resourceType'], rows: readonly Row[]): Metric[] {
  return rows.map(([type, metricKind, valueType, unit, labels, sampleSeconds, delaySeconds]) => ({
    type,
    metricKind,
    valueType,
    unit,
    resourceType,
    labels,
    samplePeriodMs: sampleSeconds * 1000,
    delayMs: delaySeconds * 1000,
  }));
}

/** The metrics that exist in every project of the sandbox, with or without data. */
export const METRICS: readonly Metric[] = [
  ...metricsOf('gce_instance', INSTANCE),
  ...metricsOf('gcs_bucket', BUCKET),
  ...metricsOf('aiplatform.googleapis.com/Endpoint', ENDPOINT),
  ...metricsOf('iam_service_account', SERVICE_ACCOUNT),
  ...metricsOf('tpu.googleapis.com/GceTpuWorker', TPU_WORKER),
  ...LOAD_BALANCERS.flatMap(([resourceType, path, , , labels, delaySeconds]) =>
    Object.values(loadBalancerMetrics(path)).flatMap((type) =>
      metricsOf(resourceType, [[type, 'DELTA', 'INT64', 'By', labels, 60, delaySeconds]]),
    ),
  ),
];

/**
 * Metrics that machines write by themselves: a project has them once one of its machines does. The first is that of
 * GoogleCloudPlatform/compute-gpu-monitoring, which older images start, the others those of the collection agent on Workbench images.
 */
const WRITTEN_BY_MACHINES = new Map(
  metricsOf('gce_instance', [
    ['custom.googleapis.com/instance/gpu/utilization', 'GAUGE', 'INT64', '%', GPU_LABELS, 60, 120],
    ['custom.googleapis.com/notebooks/kernels', 'GAUGE', 'INT64', '1', [], 60, 120],
    ['custom.googleapis.com/notebooks/terminals', 'GAUGE', 'INT64', '1', [], 60, 120],
    [
      'custom.googleapis.com/notebooks/jupyterlab_kernels',
      'GAUGE',
      'INT64',
      '1',
      ['execution_state'],
      60,
      120,
    ],
  ]).map((metric) => [metric.type, metric]),
);

const byType = new Map(METRICS.map((metric) => [metric.type, metric]));

export function findMetric(type: string): Metric | undefined {
  return byType.get(type);
}

/** As `findMetric`, for code that names a metric of the list: a typing mistake there is a bug of the sandbox. */
export function metricOf(type: string): Metric {
  const metric = byType.get(type) ?? WRITTEN_BY_MACHINES.get(type);
  if (metric === undefined)
    throw new Error(`Cannot use the metric "${type}": it is not in the sandbox's catalogue`);
  return metric;
}

/** The labels that identify a monitored resource of this type. */
export function resourceLabelsOf(type: Metric['resourceType']): readonly string[] {
  return RESOURCE_LABELS[type];
}

/** A DELTA value covers this much time when its metric is not in the list. */
export const DEFAULT_SAMPLE_PERIOD_MS = 60_000;
export const DEFAULT_DELAY_MS = 120_000;
