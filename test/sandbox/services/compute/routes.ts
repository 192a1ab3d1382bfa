import { ApiError } from '../../http/api-error.ts';
import { numericId, type Fleet, type Operation, type Vm, type VmDisk } from './fleet.ts';
import type { Call, Reply, Route } from '../../http/route.ts';
import { computeFilter } from './filter.ts';
import { pageOf } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';

const HOST = 'compute.googleapis.com';
const BASE = 'https://www.googleapis.com/compute/v1';
const LIST_QUERY = [
  'maxResults',
  'pageToken',
  'filter',
  'orderBy',
  'includeAllScopes',
  'returnPartialSuccess',
  'serviceProjectNumber',
];

/**
 * Compute Engine v1, as far as machines go. Google's compute client ships no small descriptor, so that names and shapes
 * here are written by hand after the API's reference; unknown query parameters are refused by the server.
 */
export function computeService(options: {
  readonly fleet: Fleet;
  readonly projects: Projects;
  /** Throws what Google answers when the project’s billing is off; it is on when absent. */
  readonly requireBilling?: (projectId: string, service: string) => void;
}): Route[] {
  const { fleet, projects, requireBilling } = options;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'compute');
  const on = (permission: string) => (call: Call) => [{ permission, on: `projects/${projectOf(call)}` }];
  const vmOf = (call: Call): Vm => {
    const projectId = projectOf(call);
    const path = `projects/${projectId}/zones/${call.params['zone'] ?? ''}/instances/${call.params['instance'] ?? ''}`;
    // Every method that names an instance takes its numeric id as well.
    const vm =
      fleet.vms.get(path) ??
      fleet
        .vmsOf(projectId)
        .find((known) => known.zone === call.params['zone'] && known.id === call.params['instance']);
    if (vm === undefined) throw new ApiError('NOT_FOUND', `The resource '${path}' was not found`);
    return vm;
  };

  const unreachableIn = (projectId: string): readonly string[] =>
    projects.get(projectId).seed.unreachableForCompute;
  const requireReachable = (call: Call, zones: readonly string[]): void => {
    const missing = zones.filter((zone) => unreachableIn(projectOf(call)).includes(zone));
    if (missing.length > 0)
      throw new ApiError(
        'UNAVAILABLE',
        `The following scopes are unreachable: ${missing.map(zoneScope).join(', ')}.`,
      );
  };

  const operationOf = (call: Call): Operation => {
    const name = `projects/${projectOf(call)}/zones/${call.params['zone'] ?? ''}/operations/${call.params['operation'] ?? ''}`;
    const operation = fleet.operations.get(name);
    if (operation === undefined) throw new ApiError('NOT_FOUND', `The resource '${name}' was not found`);
    return operation;
  };

  /**
   * A page of an aggregated list. Every zone is there, with a warning where it has nothing on this page or cannot be
   * reached; `includeAllScopes` adds the scopes in which machines never stand. Without `returnPartialSuccess` one zone out
   * of reach fails the whole call, as the reference warns.
   */
  const aggregated = <T extends { readonly zone: string }>(
    call: Call,
    kind: string,
    key: string,
    all: readonly T[],
    show: (item: T) => object,
  ): Reply => {
    const projectId = projectOf(call);
    const unreachable = unreachableIn(projectId);
    if (call.query.get('returnPartialSuccess')?.toLowerCase() !== 'true') requireReachable(call, unreachable);
    const reachable = all.filter((item) => !unreachable.includes(item.zone));
    const { items, nextPageToken } = page(call, reachable, show);
    const zones = projects.zonesOf(projectId);
    const regions = [...new Set(zones.map((zone) => `regions/${regionOf(zone)}`))];
    const everyScope = call.query.get('includeAllScopes')?.toLowerCase() === 'true';
    const scopes: Record<string, Record<string, unknown>> = {};
    for (const scope of [...(everyScope ? ['global', ...regions] : []), ...zones.map(zoneScope)])
      scopes[scope] = { warning: NO_RESULTS(scope) };
    for (const zone of unreachable) scopes[zoneScope(zone)] = { warning: UNREACHABLE(zoneScope(zone)) };
    const filled = new Map<string, object[]>();
    for (const { item, shown } of items)
      filled.set(zoneScope(item.zone), [...(filled.get(zoneScope(item.zone)) ?? []), shown]);
    for (const [scope, members] of filled) scopes[scope] = { [key]: members };
    return {
      body: {
        kind,
        id: `projects/${projectId}/aggregated/${key}`,
        items: scopes,
        ...(unreachable.length === 0 ? {} : { unreachables: unreachable.map(zoneScope) }),
        ...(nextPageToken === undefined ? {} : { nextPageToken }),
        selfLink: `${BASE}/projects/${projectId}/aggregated/${key}`,
      },
    };
  };

  const route = (
    id: string,
    method: Route['method'],
    path: string,
    query: readonly string[],
    permission: string,
    handle: (call: Call) => Reply,
  ): Route => ({
    id: `compute.${id}`,
    host: HOST,
    method,
    path: new RegExp(`^/compute/v1/projects/(?<project>[^/]+)/${path}$`),
    query,
    needs: on(permission),
    handle,
  });

  return [
    route(
      'instances.aggregatedList',
      'GET',
      'aggregated/instances',
      LIST_QUERY,
      'compute.instances.list',
      (call) =>
        aggregated(call, 'compute#instanceAggregatedList', 'instances', fleet.vmsOf(projectOf(call)), showVm),
    ),
    route('disks.aggregatedList', 'GET', 'aggregated/disks', LIST_QUERY, 'compute.disks.list', (call) =>
      aggregated(
        call,
        'compute#diskAggregatedList',
        'disks',
        // Local SSDs are part of their machine, not disks of their own.
        fleet
          .vmsOf(projectOf(call))
          .flatMap((vm) =>
            vm.disks.filter((disk) => !isLocalSsd(disk)).map((disk) => ({ zone: vm.zone, vm, disk })),
          ),
        ({ vm, disk }) => ({
          kind: 'compute#disk',
          name: disk.name,
          sizeGb: String(disk.sizeGb),
          type: `${BASE}/projects/${vm.projectId}/zones/${vm.zone}/diskTypes/${disk.type}`,
          status: 'READY',
          zone: `${BASE}/projects/${vm.projectId}/zones/${vm.zone}`,
          selfLink: diskLink(vm, disk.name),
          users: [`${BASE}/projects/${vm.projectId}/zones/${vm.zone}/instances/${vm.name}`],
        }),
      ),
    ),
    route(
      'instances.list',
      'GET',
      'zones/(?<zone>[^/]+)/instances',
      LIST_QUERY,
      'compute.instances.list',
      (call) => {
        const projectId = projectOf(call);
        const zone = zoneOf(call, projects.zonesOf(projectId));
        requireReachable(call, [zone]);
        const here = fleet.vmsOf(projectId).filter((vm) => vm.zone === zone);
        const { items, nextPageToken } = page(call, here, showVm);
        return {
          body: {
            kind: 'compute#instanceList',
            id: `projects/${projectId}/zones/${zone}/instances`,
            ...(items.length === 0 ? {} : { items: items.map(({ shown }) => shown) }),
            ...(nextPageToken === undefined ? {} : { nextPageToken }),
            selfLink: `${BASE}/projects/${projectId}/zones/${zone}/instances`,
          },
        };
      },
    ),
    route(
      'instances.get',
      'GET',
      'zones/(?<zone>[^/]+)/instances/(?<instance>[^/]+)',
      [],
      'compute.instances.get',
      (call) => ({ body: showVm(vmOf(call)) }),
    ),
    route(
      'instances.stop',
      'POST',
      'zones/(?<zone>[^/]+)/instances/(?<instance>[^/]+)/stop',
      ['discardLocalSsd', 'requestId'],
      'compute.instances.stop',
      (call) => {
        const vm = vmOf(call);
        // "Required if the instance has any attached Local SSD disks" (reference of instances.stop).
        if (vm.disks.some(isLocalSsd) && !['true', 'false'].includes(call.query.get('discardLocalSsd') ?? ''))
          throw new ApiError(
            'INVALID_ARGUMENT',
            'VM has a Local SSD attached but an undefined value for `discard-local-ssd`.',
          );
        return { body: showOperation(fleet.stopVm(pathOf(vm))) };
      },
    ),
    route(
      'instances.start',
      'POST',
      'zones/(?<zone>[^/]+)/instances/(?<instance>[^/]+)/start',
      ['requestId'],
      'compute.instances.start',
      (call) => {
        const vm = vmOf(call);
        requireBilling?.(vm.projectId, 'compute');
        return { body: showOperation(fleet.startVm(pathOf(vm))) };
      },
    ),
    route(
      'subnetworks.aggregatedList',
      'GET',
      'aggregated/subnetworks',
      LIST_QUERY,
      'compute.subnetworks.list',
      (call) => {
        const projectId = projectOf(call);
        const regions = [...new Set(projects.zonesOf(projectId).map(regionOf))];
        const withAccess = projects.get(projectId).seed.privateGoogleAccess;
        const { items, nextPageToken } = page(call, regions, (region) => ({
          kind: 'compute#subnetwork',
          id: numericId(subnetOf(projectId, region)),
          name: 'default',
          region: `${BASE}/projects/${projectId}/regions/${region}`,
          network: `${BASE}/projects/${projectId}/global/networks/default`,
          privateIpGoogleAccess: withAccess.includes(region),
          selfLink: `${BASE}/${subnetOf(projectId, region)}`,
        }));
        return {
          body: {
            kind: 'compute#subnetworkAggregatedList',
            id: `projects/${projectId}/aggregated/subnetworks`,
            items: Object.fromEntries(
              items.map(({ item, shown }) => [`regions/${item}`, { subnetworks: [shown] }]),
            ),
            ...(nextPageToken === undefined ? {} : { nextPageToken }),
            selfLink: `${BASE}/projects/${projectId}/aggregated/subnetworks`,
          },
        };
      },
    ),
    route('zones.list', 'GET', 'zones', LIST_QUERY, 'compute.zones.list', (call) => {
      const projectId = projectOf(call);
      const { items, nextPageToken } = page(call, projects.zonesOf(projectId), (zone) =>
        showZone(projectId, zone),
      );
      return {
        body: {
          kind: 'compute#zoneList',
          items: items.map(({ shown }) => shown),
          ...(nextPageToken === undefined ? {} : { nextPageToken }),
        },
      };
    }),
    route('zones.get', 'GET', 'zones/(?<zone>[^/]+)', [], 'compute.zones.get', (call) => ({
      body: showZone(projectOf(call), zoneOf(call, projects.zonesOf(projectOf(call)))),
    })),
    route(
      'zoneOperations.get',
      'GET',
      'zones/(?<zone>[^/]+)/operations/(?<operation>[^/]+)',
      [],
      'compute.zoneOperations.get',
      (call) => ({ body: showOperation(operationOf(call)) }),
    ),
    route(
      'zoneOperations.wait',
      'POST',
      'zones/(?<zone>[^/]+)/operations/(?<operation>[^/]+)/wait',
      [],
      'compute.zoneOperations.get',
      // The reference: "might return after zero seconds"; callers ask again until the operation is done.
      (call) => ({ body: showOperation(operationOf(call)) }),
    ),
  ];
}

/** A page of what `filter` and `orderBy` leave; both see resources as the API shows them. */
function page<T>(
  call: Call,
  all: readonly T[],
  show: (item: T) => object,
): { items: readonly { item: T; shown: object }[]; nextPageToken: string | undefined } {
  const token = call.query.get('pageToken') ?? undefined;
  const filterText = call.query.get('filter') ?? '';
  const compare = ORDERS[call.query.get('orderBy') ?? ''];
  if (compare === undefined)
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Invalid value for field 'orderBy': '${call.query.get('orderBy') ?? ''}'. Invalid list order.`,
    );
  // Most lists are neither filtered nor ordered: then only the page itself is built.
  if (filterText === '' && compare === null) {
    const { items, nextPageToken } = pageOf(all, pageSize(call), token);
    return { items: items.map((item) => ({ item, shown: show(item) })), nextPageToken };
  }
  const filter = filterText === '' ? () => true : computeFilter(filterText);
  const chosen = all.map((item) => ({ item, shown: show(item) })).filter(({ shown }) => filter({ ...shown }));
  if (compare !== null) chosen.sort((a, b) => compare({ ...a.shown }, { ...b.shown }));
  return pageOf(chosen, pageSize(call), token);
}

type Compare = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) => number;

/** The orders that the reference of `instances.list` knows; null is the order in which things stand. */
const ORDERS: Readonly<Record<string, Compare | null>> = {
  '': null,
  name: (a, b) => String(a['name']).localeCompare(String(b['name'])),
  'creationTimestamp desc': (a, b) =>
    String(b['creationTimestamp']).localeCompare(String(a['creationTimestamp'])),
};

const NO_RESULTS = (scope: string): object => ({
  code: 'NO_RESULTS_ON_PAGE',
  message: `There are no results for scope '${scope}' on this page.`,
  data: [{ key: 'scope', value: scope }],
});

const UNREACHABLE = (scope: string): object => ({
  code: 'UNREACHABLE',
  message: `Scope '${scope}' is unreachable.`,
  data: [{ key: 'scope', value: scope }],
});

function zoneScope(zone: string): string {
  return `zones/${zone}`;
}

function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, '');
}

/** The subnet that auto mode makes in each region. */
function subnetOf(projectId: string, region: string): string {
  return `projects/${projectId}/regions/${region}/subnetworks/default`;
}

function zoneOf(call: Call, zones: readonly string[]): string {
  const zone = call.params['zone'] ?? '';
  if (!zones.includes(zone))
    throw new ApiError('INVALID_ARGUMENT', `Invalid value for field 'zone': '${zone}'. Unknown zone.`);
  return zone;
}

function showZone(projectId: string, zone: string): object {
  return {
    kind: 'compute#zone',
    id: numericId(zone),
    name: zone,
    description: zone,
    status: 'UP',
    region: `${BASE}/projects/${projectId}/regions/${regionOf(zone)}`,
    selfLink: `${BASE}/projects/${projectId}/zones/${zone}`,
  };
}

function pageSize(call: Call): number {
  const text = call.query.get('maxResults');
  if (text === null) return 500;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 0 || size > 500)
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Invalid value for field 'maxResults': '${text}'. Must be between 0 and 500.`,
    );
  return size === 0 ? 500 : size;
}

function pathOf(vm: Vm): string {
  return `projects/${vm.projectId}/zones/${vm.zone}/instances/${vm.name}`;
}

function diskLink(vm: Vm, disk: string): string {
  return `${BASE}/projects/${vm.projectId}/zones/${vm.zone}/disks/${disk}`;
}

function isLocalSsd(disk: VmDisk): boolean {
  return disk.type === 'local-ssd';
}

function showVm(vm: Vm): object {
  const zone = `${BASE}/projects/${vm.projectId}/zones/${vm.zone}`;
  return {
    kind: 'compute#instance',
    id: vm.id,
    name: vm.name,
    status: vm.status,
    zone,
    machineType: `${zone}/machineTypes/${vm.machineType}`,
    selfLink: `${BASE}/${pathOf(vm)}`,
    creationTimestamp: new Date(vm.createdMs).toISOString(),
    lastStartTimestamp: new Date(vm.lastStartMs).toISOString(),
    ...(vm.lastStopMs === undefined ? {} : { lastStopTimestamp: new Date(vm.lastStopMs).toISOString() }),
    ...(vm.seed.resourcePolicies.length === 0
      ? {}
      : {
          resourcePolicies: vm.seed.resourcePolicies.map(
            (name) =>
              `${BASE}/projects/${vm.projectId}/regions/${regionOf(vm.zone)}/resourcePolicies/${name}`,
          ),
        }),
    labels: vm.labels,
    metadata: {
      kind: 'compute#metadata',
      items: Object.entries(vm.metadata).map(([key, value]) => ({ key, value })),
    },
    ...(vm.accelerators.length > 0
      ? {
          guestAccelerators: vm.accelerators.map((gpu) => ({
            acceleratorType: `${zone}/acceleratorTypes/${gpu.type}`,
            acceleratorCount: gpu.count,
          })),
        }
      : {}),
    disks: vm.disks.map((disk, index) => ({
      kind: 'compute#attachedDisk',
      type: isLocalSsd(disk) ? 'SCRATCH' : 'PERSISTENT',
      mode: 'READ_WRITE',
      boot: disk.boot,
      index,
      deviceName: disk.name,
      diskSizeGb: String(disk.sizeGb),
      ...(isLocalSsd(disk) ? { interface: 'NVME' } : { source: diskLink(vm, disk.name) }),
    })),
    networkInterfaces: [
      {
        name: 'nic0',
        network: `${BASE}/projects/${vm.projectId}/global/networks/default`,
        subnetwork: `${BASE}/${subnetOf(vm.projectId, regionOf(vm.zone))}`,
        networkIP: '10.128.0.2',
        ...(vm.externalIp === undefined
          ? {}
          : {
              accessConfigs: [
                {
                  type: 'ONE_TO_ONE_NAT',
                  name: 'External NAT',
                  natIP: vm.externalIp,
                  networkTier: vm.seed.networkTier,
                },
              ],
            }),
      },
    ],
    ...(vm.seed.serviceAccount === undefined
      ? {}
      : {
          serviceAccounts: [
            { email: vm.seed.serviceAccount, scopes: ['https://www.googleapis.com/auth/cloud-platform'] },
          ],
        }),
    ...(vm.seed.reservation === undefined
      ? {}
      : {
          reservationAffinity: {
            consumeReservationType: 'SPECIFIC_RESERVATION',
            key: 'compute.googleapis.com/reservation-name',
            values: [vm.seed.reservation],
          },
        }),
    scheduling: {
      provisioningModel: vm.seed.scheduling?.provisioningModel ?? 'STANDARD',
      onHostMaintenance: 'TERMINATE',
      automaticRestart: true,
      preemptible: vm.seed.scheduling?.provisioningModel === 'SPOT',
    },
  };
}

function showOperation(operation: Operation): object {
  const name = operation.name.replace(/^.*\//, '');
  return {
    kind: 'compute#operation',
    id: numericId(operation.name),
    name,
    operationType: operation.verb,
    status: operation.endMs === undefined ? 'RUNNING' : 'DONE',
    progress: operation.endMs === undefined ? 0 : 100,
    targetLink: `${BASE}/${operation.target}`,
    insertTime: new Date(operation.createdMs).toISOString(),
    ...(operation.endMs === undefined ? {} : { endTime: new Date(operation.endMs).toISOString() }),
    ...(operation.error === undefined
      ? {}
      : {
          error: { errors: [operation.error] },
          httpErrorStatusCode: 503,
          httpErrorMessage: 'SERVICE UNAVAILABLE',
        }),
    zone: `${BASE}/${operation.name.replace(/\/operations\/.*$/, '')}`,
    selfLink: `${BASE}/${operation.name}`,
  };
}
