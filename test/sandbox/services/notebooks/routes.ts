import { createRequire } from 'node:module';
import { ApiError } from '../../http/api-error.ts';
import type { Fleet, Notebook, Operation } from '../compute/fleet.ts';
import { protoRoutes, textOf, type Message } from '../../http/proto-service.ts';
import type { Route } from '../../http/route.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { pageAnswer, pageOfQuery, pageOfRequest } from '../../http/paging.ts';

const protos = createRequire(import.meta.url)('@google-cloud/notebooks/build/protos/protos.json') as object;

const HOST = 'notebooks.googleapis.com';
const SERVICE = 'notebooks';
const MAX_PAGE_SIZE = 500;
const MAX_LOCATIONS = 100;

/**
 * Fields of REST v2 that the descriptor of @google-cloud/notebooks 4.2.1 lacks. Seen in recorded answers
 * (cloud-custodian's flight data) and in gcloud 528's message definitions.
 */
const EXTRA_FIELDS = {
  'google.cloud.notebooks.v2.Instance': [
    'satisfiesPzs', 'satisfiesPzi', 'enableThirdPartyIdentity', 'thirdPartyProxyUrl', 'enableManagedEuc', 'enableDeletionProtection',
  ],
  'google.cloud.notebooks.v2.NetworkInterface': ['accessConfigs'],
  'google.cloud.notebooks.v2.GceSetup': ['instanceId', 'minCpuPlatform', 'reservationAffinity', 'confidentialInstanceConfig'],
} as const; // prettier-ignore

/** The Notebooks API v2: Workbench instances, their operations and locations. */
export function notebooksService(options: {
  readonly fleet: Fleet;
  readonly projects: Projects;
  /** Throws what Google answers when the project’s billing is off; it is on when absent. */
  readonly requireBilling?: (projectId: string, service: string) => void;
}): Route[] {
  const { fleet, projects, requireBilling } = options;
  const projectOf = (name: unknown): string =>
    projects.require(/^projects\/([^/]+)\//.exec(`${String(name)}/`)?.[1] ?? '', SERVICE);
  const on = (permission: string, field: string) => (request: Message) => [
    { permission, on: `projects/${projectOf(request[field])}` },
  ];

  const list = (request: Message): Message => {
    const parent = String(request['parent']);
    const projectId = projectOf(parent);
    const location = parent.split('/')[3] ?? '';
    for (const unserved of ['filter', 'orderBy'])
      if (textOf(request[unserved]) !== '')
        throw new ApiError('UNIMPLEMENTED', `The sandbox does not serve "${unserved}" of instances.list.`);
    const { unreachable, refuseWildcard } = projects.get(projectId).seed;
    if (location === '-' && refuseWildcard)
      throw new ApiError(
        'INVALID_ARGUMENT',
        `Invalid parent "${parent}": the wildcard "-" is not supported.`,
      );
    if (unreachable.includes(location)) return { unreachable: [parent] };
    const all = fleet
      .notebooksOf(projectId)
      .filter((notebook) =>
        location === '-' ? !unreachable.includes(notebook.zone) : notebook.zone === location,
      );
    const page = pageOfRequest(all, request, MAX_PAGE_SIZE);
    return {
      ...pageAnswer('instances', page, (notebook) => showNotebook(fleet, notebook, 'list')),
      ...(location === '-' && page.nextPageToken === undefined && unreachable.length > 0
        ? { unreachable: unreachable.map((zone) => `projects/${projectId}/locations/${zone}`) }
        : {}),
    };
  };

  const get = (name: string): Notebook => {
    const notebook = fleet.notebooks.get(name);
    if (notebook === undefined) throw new ApiError('NOT_FOUND', `Resource '${name}' was not found`);
    return notebook;
  };

  const update = (request: Message): Message => {
    const instance = request['instance'] as Record<string, unknown>;
    const notebook = get(String(instance['name']));
    const gceSetup = (instance['gceSetup'] ?? {}) as Record<string, unknown>;
    const change: { metadata?: Record<string, string>; labels?: Record<string, string> } = {};
    for (const path of textOf(request['updateMask']).split(',')) {
      if (path === 'gce_setup.metadata' || path === 'gceSetup.metadata')
        // gcloud's update sends the keys to set and no others, without having read the rest: the service merges.
        // Recorded as well: after a patch with one key the others were still there. What Workbench writes it goes on writing.
        change.metadata = {
          ...notebook.metadata,
          ...Object.fromEntries(
            Object.entries((gceSetup['metadata'] ?? {}) as Record<string, string>).filter(
              ([key, value]) => ownMetadata(notebook)[key] !== value,
            ),
          ),
        };
      else if (path === 'labels') change.labels = (instance['labels'] ?? {}) as Record<string, string>;
      else throw new ApiError('INVALID_ARGUMENT', `Invalid update mask path "${path}".`);
    }
    return showOperation(fleet.patchNotebook(notebook.name, change));
  };

  const handwritten: Route[] = [
    {
      id: 'notebooks.projects.locations.list',
      host: HOST,
      method: 'GET',
      path: /^\/v2\/projects\/(?<project>[^/]+)\/locations$/,
      query: ['pageSize', 'pageToken'],
      needs: (call) => [
        {
          permission: 'notebooks.locations.list',
          on: `projects/${projectOf(`projects/${call.params['project'] ?? ''}`)}`,
        },
      ],
      handle(call) {
        const projectId = projectOf(`projects/${call.params['project'] ?? ''}`);
        const page = pageOfQuery(projects.zonesOf(projectId), call.query, MAX_LOCATIONS);
        return {
          body: pageAnswer('locations', page, (zone) => ({
            name: `projects/${projectId}/locations/${zone}`,
            locationId: zone,
          })),
        };
      },
    },
    {
      id: 'notebooks.projects.locations.operations.get',
      host: HOST,
      method: 'GET',
      path: /^\/v2\/(?<name>projects\/[^/]+\/locations\/[^/]+\/operations\/[^/]+)$/,
      query: [],
      needs: (call) => [
        { permission: 'notebooks.operations.get', on: `projects/${projectOf(call.params['name'])}` },
      ],
      handle(call) {
        const operation = fleet.operations.get(call.params['name'] ?? '');
        if (operation === undefined)
          throw new ApiError('NOT_FOUND', `Resource '${call.params['name'] ?? ''}' was not found`);
        const notebook = fleet.notebooks.get(operation.target);
        const done = operation.endMs !== undefined && operation.error === undefined && notebook !== undefined;
        return {
          body: {
            ...showOperation(operation),
            ...(done
              ? {
                  response: {
                    '@type': 'type.googleapis.com/google.cloud.notebooks.v2.Instance',
                    ...showNotebook(fleet, notebook, 'get'),
                  },
                }
              : {}),
          },
        };
      },
    },
  ];

  return [
    ...protoRoutes({
      host: HOST,
      protos,
      service: 'google.cloud.notebooks.v2.NotebookService',
      extraFields: EXTRA_FIELDS,
      methods: {
        ListInstances: {
          id: 'notebooks.projects.locations.instances.list',
          needs: on('notebooks.instances.list', 'parent'),
          handle: list,
        },
        GetInstance: {
          id: 'notebooks.projects.locations.instances.get',
          needs: on('notebooks.instances.get', 'name'),
          handle: (request) => showNotebook(fleet, get(String(request['name'])), 'get'),
        },
        StopInstance: {
          id: 'notebooks.projects.locations.instances.stop',
          needs: on('notebooks.instances.stop', 'name'),
          handle: (request) => showOperation(fleet.stopNotebook(get(String(request['name'])).name)),
        },
        StartInstance: {
          id: 'notebooks.projects.locations.instances.start',
          needs: on('notebooks.instances.start', 'name'),
          handle(request) {
            const notebook = get(String(request['name']));
            requireBilling?.(notebook.projectId, SERVICE);
            return showOperation(fleet.startNotebook(notebook.name));
          },
        },
        UpdateInstance: {
          id: 'notebooks.projects.locations.instances.patch',
          needs: (request) => [
            {
              permission: 'notebooks.instances.update',
              on: `projects/${projectOf((request['instance'] as Message)['name'])}`,
            },
          ],
          handle: update,
        },
      },
    }),
    ...handwritten,
  ];
}

/**
 * An instance as REST v2 shows it: fields and forms as in cloud-custodian's recorded answers
 * (test/fixtures/notebooks-v2-heartbeat). A listing leaves out disk types and the image.
 */
function showNotebook(fleet: Fleet, notebook: Notebook, method: 'list' | 'get'): Message {
  const { vm, seed, projectId, zone } = notebook;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const report = fleet.healthReportOf(notebook);
  return {
    name: notebook.name,
    gceSetup: {
      machineType: `${COMPUTE}/projects/${projectId}/zones/${zone}/machineTypes/${vm.machineType}`,
      ...(seed.acceleratorConfigs.length > 0 ? { acceleratorConfigs: seed.acceleratorConfigs } : {}),
      serviceAccounts: [
        {
          email: seed.serviceAccount ?? `notebooks@${projectId}.iam.gserviceaccount.com`,
          scopes: [
            'https://www.googleapis.com/auth/cloud-platform',
            'https://www.googleapis.com/auth/userinfo.email',
          ],
        },
      ],
      ...(method === 'get'
        ? { vmImage: { project: 'cloud-notebooks-managed', family: 'workbench-instances-2603' } }
        : {}),
      ...showDisks(notebook, method),
      shieldedInstanceConfig: { enableVtpm: true, enableIntegrityMonitoring: true },
      networkInterfaces: [
        {
          network: `${COMPUTE}/projects/${projectId}/global/networks/default`,
          subnet: `${COMPUTE}/projects/${projectId}/regions/${regionOf(zone)}/subnetworks/default`,
          ...(vm.externalIp === undefined ? {} : { accessConfigs: [{ externalIp: vm.externalIp }] }),
        },
      ],
      ...(vm.externalIp === undefined ? { disablePublicIp: true } : {}),
      tags: ['deeplearning-vm', 'notebook-instance'],
      metadata: { ...ownMetadata(notebook), ...notebook.metadata },
      gpuDriverConfig: {},
      reservationAffinity: { consumeReservationType: 'RESERVATION_NONE' },
      minCpuPlatform: 'Intel Broadwell',
      instanceId: vm.id,
    },
    ...(notebook.state === 'ACTIVE' ? { proxyUri: proxyOf(notebook) } : {}),
    creator: seed.creator,
    state: notebook.state,
    id: notebook.uid,
    healthState: notebook.state === 'ACTIVE' ? seed.healthState : 'HEALTH_STATE_UNSPECIFIED',
    ...(report === undefined
      ? {}
      : {
          healthInfo: {
            docker_status: '1',
            jupyterlab_status: '1',
            jupyterlab_api_status: '1',
            last_updated: iso(report.reportedMs).replace(/\.\d+Z$/, '+00:00'),
            system_health: seed.healthState === 'HEALTHY' ? '1' : '-1',
          },
        }),
    createTime: iso(notebook.createdMs),
    updateTime: iso(Math.max(notebook.updatedMs, report?.writtenMs ?? 0)),
    labels: { 'notebooks-product': 'workbench-instances', 'resource-name': notebook.id, ...notebook.labels },
    satisfiesPzi: true,
  };
}

const COMPUTE = 'https://www.googleapis.com/compute/v1';

function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, '');
}

function proxyOf({ vm, zone }: Notebook): string {
  return `${BigInt(vm.id).toString(16)}-dot-${regionOf(zone)}.notebooks.googleusercontent.com`;
}

/** What Workbench writes into the metadata of every instance, as recorded. */
export function ownMetadata(notebook: Notebook): Record<string, string> {
  const self = `https://notebooks.googleapis.com/v2/${notebook.name}`;
  return {
    'serial-port-logging-enable': 'true',
    'resource-url': self,
    'notebooks-api-version': 'v2',
    'instance-region': regionOf(notebook.zone),
    'notebooks-api': 'PROD',
    'proxy-backend-id': BigInt(notebook.vm.id).toString(16),
    'disable-swap-binaries': 'true',
    'new-proxy-agent-enabled': 'true',
    'enable-guest-attributes': 'TRUE',
    'enable-jupyterlab4': 'true',
    'enable-oslogin': 'TRUE',
    'report-event-url': `${self}:reportInfoSystem`,
    'proxy-url': proxyOf(notebook),
    version: '20260809-2130-rc0',
    'proxy-mode': 'service_account',
    'shutdown-script': '/opt/deeplearning/bin/shutdown_script.sh',
    'proxy-registration-url': `https://${regionOf(notebook.zone)}.notebooks.cloud.google.com/tun/m/${notebook.uid}`,
  };
}

/** A listing has sizes, not types; both are recorded. */
function showDisks(notebook: Notebook, method: 'list' | 'get'): Message {
  const show = (disk: { type: string; sizeGb: number }): Message => ({
    diskSizeGb: String(disk.sizeGb),
    ...(method === 'get' ? { diskType: disk.type.replaceAll('-', '_').toUpperCase() } : {}),
    diskEncryption: 'GMEK',
  });
  const boot = notebook.vm.disks.find((disk) => disk.boot);
  return {
    ...(boot === undefined ? {} : { bootDisk: show(boot) }),
    dataDisks: notebook.vm.disks.filter((disk) => !disk.boot).map(show),
  };
}

function showOperation(operation: Operation): Message {
  return {
    name: operation.name,
    metadata: {
      '@type': 'type.googleapis.com/google.cloud.notebooks.v2.OperationMetadata',
      createTime: new Date(operation.createdMs).toISOString(),
      ...(operation.endMs === undefined ? {} : { endTime: new Date(operation.endMs).toISOString() }),
      target: operation.target,
      verb: operation.verb,
      requestedCancellation: false,
      apiVersion: 'v2',
      endpoint: ENDPOINTS[operation.verb],
    },
    done: operation.endMs !== undefined,
    ...(operation.error === undefined ? {} : { error: { code: 8, message: operation.error.message } }),
  };
}

/** The RPC that an operation came from; `UpdateInstance` is recorded. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  stop: 'StopInstance',
  start: 'StartInstance',
  update: 'UpdateInstance',
};
