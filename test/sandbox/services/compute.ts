import { ApiError } from '../api-error.ts';
import type { Fleet, Operation, Vm } from '../fleet.ts';
import type { Call, Reply, Route } from '../route.ts';
import { pageOf } from './paging.ts';
import type { Projects } from './projects.ts';

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
export function computeService(options: { readonly fleet: Fleet; readonly projects: Projects }): Route[] {
  const { fleet, projects } = options;
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

  /** A page of an aggregated list: `items` by `zones/Z`, empty scopes with the warning that the API sends. */
  const aggregated = <T extends { readonly zone: string }>(
    call: Call,
    kind: string,
    key: string,
    all: readonly T[],
    show: (item: T) => object,
  ): Reply => {
    const projectId = projectOf(call);
    const { items, nextPageToken } = pageOf(all, pageSize(call), call.query.get('pageToken') ?? undefined);
    const scopes = new Map<string, object[]>();
    for (const item of items)
      scopes.set(`zones/${item.zone}`, [...(scopes.get(`zones/${item.zone}`) ?? []), show(item)]);
    return {
      body: {
        kind,
        id: `projects/${projectId}/aggregated/${key}`,
        items: Object.fromEntries([...scopes].map(([scope, members]) => [scope, { [key]: members }])),
        ...(nextPageToken === undefined ? {} : { nextPageToken }),
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
        fleet.vmsOf(projectOf(call)).flatMap((vm) => vm.disks.map((disk) => ({ zone: vm.zone, vm, disk }))),
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
        const all = fleet.vmsOf(projectOf(call)).filter((vm) => vm.zone === call.params['zone']);
        const { items, nextPageToken } = pageOf(
          all,
          pageSize(call),
          call.query.get('pageToken') ?? undefined,
        );
        return {
          body: {
            kind: 'compute#instanceList',
            items: items.map(showVm),
            ...(nextPageToken === undefined ? {} : { nextPageToken }),
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
      (call) => ({
        body: showOperation(fleet.stopVm(pathOf(vmOf(call)))),
      }),
    ),
    route(
      'instances.start',
      'POST',
      'zones/(?<zone>[^/]+)/instances/(?<instance>[^/]+)/start',
      ['requestId'],
      'compute.instances.start',
      (call) => ({
        body: showOperation(fleet.startVm(pathOf(vmOf(call)))),
      }),
    ),
    route('zones.list', 'GET', 'zones', LIST_QUERY, 'compute.zones.list', (call) => ({
      body: {
        kind: 'compute#zoneList',
        items: projects.zonesOf(projectOf(call)).map((zone) => ({
          kind: 'compute#zone',
          name: zone,
          status: 'UP',
          region: `${BASE}/projects/${projectOf(call)}/regions/${zone.replace(/-[a-z]$/, '')}`,
        })),
      },
    })),
    route(
      'zoneOperations.get',
      'GET',
      'zones/(?<zone>[^/]+)/operations/(?<operation>[^/]+)',
      [],
      'compute.zoneOperations.get',
      (call) => {
        const name = `projects/${projectOf(call)}/zones/${call.params['zone'] ?? ''}/operations/${call.params['operation'] ?? ''}`;
        const operation = fleet.operations.get(name);
        if (operation === undefined) throw new ApiError('NOT_FOUND', `The resource '${name}' was not found`);
        return { body: showOperation(operation) };
      },
    ),
  ];
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
    labels: vm.labels,
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
      type: 'PERSISTENT',
      mode: 'READ_WRITE',
      boot: disk.boot,
      index,
      deviceName: disk.name,
      diskSizeGb: String(disk.sizeGb),
      source: diskLink(vm, disk.name),
    })),
    networkInterfaces: [
      {
        name: 'nic0',
        network: `${BASE}/projects/${vm.projectId}/global/networks/default`,
        networkIP: '10.128.0.2',
        ...(vm.externalIp === undefined
          ? {}
          : {
              accessConfigs: [
                {
                  type: 'ONE_TO_ONE_NAT',
                  name: 'External NAT',
                  natIP: vm.externalIp,
                  networkTier: 'PREMIUM',
                },
              ],
            }),
      },
    ],
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
    id: String(operation.createdMs),
    name,
    operationType: operation.verb,
    status: operation.endMs === undefined ? 'RUNNING' : 'DONE',
    progress: operation.endMs === undefined ? 0 : 100,
    targetLink: `${BASE}/${operation.target}`,
    insertTime: new Date(operation.createdMs).toISOString(),
    ...(operation.endMs === undefined ? {} : { endTime: new Date(operation.endMs).toISOString() }),
    zone: `${BASE}/${operation.name.replace(/\/operations\/.*$/, '')}`,
    selfLink: `${BASE}/${operation.name}`,
  };
}
