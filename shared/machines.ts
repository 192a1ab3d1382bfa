import * as z from 'zod/mini';
import type { Api } from './api.ts';

const HOST = 'https://compute.googleapis.com/compute/v1';

/** What costguard needs to know of a VM, kept small because all VMs of a project are held at once. */
export interface Machine {
  readonly name: string;
  readonly zone: string;
  /** `RUNNING`, `TERMINATED`, … */
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly lastStartMs: number | undefined;
  readonly disks: readonly MachineDisk[];
}

export interface MachineDisk {
  readonly boot: boolean;
  /** A local SSD has no disk resource of its own and goes with the VM. */
  readonly scratch: boolean;
  readonly sizeGb: number | undefined;
  /** `zones/Z/disks/NAME`, the key in what `listDiskTypes` gives. */
  readonly key: string;
}

export interface MachineIndex {
  /** By the VM's numeric id, which is also Monitoring's `instance_id`. */
  readonly byId: ReadonlyMap<string, Machine>;
  /** Zones that the API could not reach, as `zones/Z`. */
  readonly unreachable: readonly string[];
}

const warning = z.optional(z.looseObject({ code: z.optional(z.string()) }));

const instancesPage = z.looseObject({
  items: z.optional(
    z.record(
      z.string(),
      z.looseObject({
        warning,
        instances: z.optional(
          z.array(
            z.looseObject({
              id: z.string(),
              name: z.string(),
              status: z.string(),
              lastStartTimestamp: z.optional(z.string()),
              disks: z.optional(
                z.array(
                  z.looseObject({
                    boot: z.optional(z.boolean()),
                    type: z.optional(z.string()),
                    source: z.optional(z.string()),
                    diskSizeGb: z.optional(z.string()),
                  }),
                ),
              ),
            }),
          ),
        ),
      }),
    ),
  ),
  unreachables: z.optional(z.array(z.string())),
  nextPageToken: z.optional(z.string()),
});

const disksPage = z.looseObject({
  items: z.optional(
    z.record(
      z.string(),
      z.looseObject({
        disks: z.optional(
          z.array(
            z.looseObject({ name: z.string(), type: z.optional(z.string()), sizeGb: z.optional(z.string()) }),
          ),
        ),
      }),
    ),
  ),
  nextPageToken: z.optional(z.string()),
});

/**
 * Type of each disk by `zones/Z/disks/NAME`. The Notebooks API takes disk types and never returns them.
 * Needs compute.disks.list. Throws `OutsideError`.
 */
export async function listDiskTypes(api: Api, projectId: string): Promise<ReadonlyMap<string, string>> {
  const types = new Map<string, string>();
  const query = { fields: 'items/*/disks(name,type),nextPageToken' };
  for await (const page of pages(api, 'compute.disks.aggregatedList', projectId, 'disks', query, disksPage))
    for (const [scope, { disks }] of Object.entries(page.items ?? {}))
      for (const disk of disks ?? [])
        if (disk.type !== undefined) types.set(`${scope}/disks/${disk.name}`, lastPart(disk.type));
  return types;
}

/**
 * All VMs of a project from one aggregated listing. Needs compute.instances.list. Throws `OutsideError`.
 * Source: Compute Engine API v1, instances.aggregatedList.
 */
export async function indexMachines(api: Api, projectId: string): Promise<MachineIndex> {
  const byId = new Map<string, Machine>();
  const unreachable = new Set<string>();
  const query = {
    returnPartialSuccess: true,
    fields:
      'items/*(warning/code,instances(id,name,status,lastStartTimestamp,disks(boot,type,source,diskSizeGb))),unreachables,nextPageToken',
  };
  for await (const page of pages(
    api,
    'compute.instances.aggregatedList',
    projectId,
    'instances',
    query,
    instancesPage,
  )) {
    for (const zone of page.unreachables ?? []) unreachable.add(zone);
    for (const [scope, { instances, warning: problem }] of Object.entries(page.items ?? {})) {
      if (problem?.code === 'UNREACHABLE') unreachable.add(scope);
      for (const vm of instances ?? []) {
        const startMs = Date.parse(vm.lastStartTimestamp ?? '');
        byId.set(vm.id, {
          name: vm.name,
          zone: lastPart(scope),
          status: vm.status,
          lastStartMs: Number.isNaN(startMs) ? undefined : startMs,
          disks: (vm.disks ?? []).map((disk) => ({
            boot: disk.boot === true,
            scratch: disk.type === 'SCRATCH',
            sizeGb: disk.diskSizeGb === undefined ? undefined : Number(disk.diskSizeGb),
            key: `${scope}/disks/${lastPart(disk.source ?? '')}`,
          })),
        });
      }
    }
  }
  return { byId, unreachable: [...unreachable].sort() };
}

async function* pages<T extends { nextPageToken?: string | undefined }>(
  api: Api,
  name: string,
  projectId: string,
  collection: string,
  query: Readonly<Record<string, string | boolean>>,
  schema: z.ZodMiniType<T>,
): AsyncGenerator<T> {
  let pageToken: string | undefined;
  do {
    const url = `${HOST}/projects/${projectId}/aggregated/${collection}`;
    const page = schema.parse(
      await api.request(name, { url, query: { maxResults: 500, pageToken, ...query } }),
    );
    yield page;
    pageToken = page.nextPageToken === '' ? undefined : page.nextPageToken;
  } while (pageToken !== undefined);
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
