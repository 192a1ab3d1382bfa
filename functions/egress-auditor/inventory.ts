import * as z from 'zod/mini';
import type { Api } from '../../shared/api.ts';
import { listNotebooks } from '../../shared/notebooks.ts';
import { bucketPlace, type BucketPlace } from './geography.ts';
import type { VmPlace } from './facts.ts';

const COMPUTE = 'https://compute.googleapis.com/compute/v1';
const STORAGE = 'https://storage.googleapis.com/storage/v1';

/** A listing, and the places that it could not reach. */
export interface Listed<T> {
  readonly found: ReadonlyMap<string, T>;
  readonly unreachable: readonly string[];
}

const warning = z.optional(z.looseObject({ code: z.optional(z.string()) }));

const vmsPage = z.looseObject({
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
              labels: z.optional(z.record(z.string(), z.string())),
              metadata: z.optional(
                z.looseObject({ items: z.optional(z.array(z.looseObject({ key: z.string() }))) }),
              ),
              networkInterfaces: z.optional(
                z.array(
                  z.looseObject({
                    subnetwork: z.optional(z.string()),
                    accessConfigs: z.optional(
                      z.array(
                        z.looseObject({ natIP: z.optional(z.string()), networkTier: z.optional(z.string()) }),
                      ),
                    ),
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

const VM_FIELDS =
  'items/*(warning/code,instances(id,name,labels,metadata/items/key,networkInterfaces(subnetwork,accessConfigs(natIP,networkTier)))),unreachables,nextPageToken';

type WireVm = NonNullable<NonNullable<z.infer<typeof vmsPage>['items']>[string]['instances']>[number];

/** All VMs of a project by numeric id, stopped ones too: the window has what they sent. Needs compute.instances.list. */
export async function listVms(api: Api, projectId: string): Promise<Listed<VmPlace>> {
  const found = new Map<string, VmPlace>();
  const unreachable = new Set<string>();
  const list = aggregated(api, projectId, 'instances', VM_FIELDS, vmsPage);
  for await (const page of list) {
    for (const zone of page.unreachables ?? []) unreachable.add(zone);
    for (const [scope, { instances, warning: problem }] of Object.entries(page.items ?? {})) {
      if (problem?.code === 'UNREACHABLE') unreachable.add(scope);
      for (const vm of instances ?? []) found.set(vm.id, toVm(vm, lastPart(scope)));
    }
  }
  return { found, unreachable: [...unreachable].sort() };
}

function toVm({ name, labels = {}, metadata, networkInterfaces = [] }: WireVm, zone: string): VmPlace {
  const external = networkInterfaces.flatMap(({ accessConfigs }) => accessConfigs ?? []);
  const keys = new Set((metadata?.items ?? []).map(({ key }) => key));
  return {
    name,
    zone,
    tiers: external.map(({ networkTier }) => networkTier ?? 'UNKNOWN'),
    addresses: external.flatMap(({ natIP }) => natIP ?? []),
    subnet: /regions\/[^/]+\/subnetworks\/[^/]+$/.exec(networkInterfaces[0]?.subnetwork ?? '')?.[0],
    runsContainers: labels['goog-gke-node'] !== undefined || keys.has('gce-container-declaration'),
    notebook: undefined,
  };
}

/** Names of the Workbench instances by the numeric id of their VM. Needs notebooks.instances.list. */
export async function listNotebookVms(api: Api, projectId: string): Promise<Listed<string>> {
  const found = new Map<string, string>();
  const unreachable: string[] = [];
  for await (const page of listNotebooks(api, projectId)) {
    unreachable.push(...page.unreachable);
    if (page.failed !== undefined) throw page.failed.error;
    for (const { name, gceSetup } of page.instances)
      if (gceSetup?.instanceId !== undefined) found.set(gceSetup.instanceId, name);
  }
  return { found, unreachable };
}

const subnetsPage = z.looseObject({
  items: z.optional(
    z.record(
      z.string(),
      z.looseObject({
        warning,
        subnetworks: z.optional(
          z.array(z.looseObject({ name: z.string(), privateIpGoogleAccess: z.optional(z.boolean()) })),
        ),
      }),
    ),
  ),
  unreachables: z.optional(z.array(z.string())),
  nextPageToken: z.optional(z.string()),
});

/** Whether Private Google Access is on, by `regions/R/subnetworks/N`. Needs compute.subnetworks.list. */
export async function listSubnets(api: Api, projectId: string): Promise<Listed<boolean>> {
  const found = new Map<string, boolean>();
  const unreachable = new Set<string>();
  const fields = 'items/*(warning/code,subnetworks(name,privateIpGoogleAccess)),unreachables,nextPageToken';
  for await (const page of aggregated(api, projectId, 'subnetworks', fields, subnetsPage)) {
    for (const scope of page.unreachables ?? []) unreachable.add(scope);
    for (const [scope, { subnetworks, warning: problem }] of Object.entries(page.items ?? {})) {
      if (problem?.code === 'UNREACHABLE') unreachable.add(scope);
      for (const subnet of subnetworks ?? [])
        found.set(`${scope}/subnetworks/${subnet.name}`, subnet.privateIpGoogleAccess === true);
    }
  }
  return { found, unreachable: [...unreachable].sort() };
}

const bucketsPage = z.looseObject({
  items: z.optional(
    z.array(
      z.looseObject({
        name: z.string(),
        location: z.string(),
        customPlacementConfig: z.optional(z.looseObject({ dataLocations: z.optional(z.array(z.string())) })),
      }),
    ),
  ),
  unreachable: z.optional(z.array(z.string())),
  nextPageToken: z.optional(z.string()),
});

/** Where each bucket of a project is. Needs storage.buckets.list. */
export async function listBucketPlaces(api: Api, projectId: string): Promise<Listed<BucketPlace>> {
  const found = new Map<string, BucketPlace>();
  const unreachable: string[] = [];
  const fields = 'items(name,location,customPlacementConfig/dataLocations),unreachable,nextPageToken';
  const read = (pageToken: string | undefined): Promise<unknown> =>
    api.request('storage.buckets.list', {
      url: `${STORAGE}/b`,
      query: { project: projectId, maxResults: 1_000, returnPartialSuccess: true, pageToken, fields },
    });
  for await (const page of pages(read, bucketsPage)) {
    unreachable.push(...(page.unreachable ?? []));
    for (const { name, location, customPlacementConfig } of page.items ?? [])
      found.set(name, bucketPlace(location.toUpperCase(), customPlacementConfig?.dataLocations));
  }
  return { found, unreachable };
}

function aggregated<T extends { nextPageToken?: string | undefined }>(
  api: Api,
  projectId: string,
  collection: string,
  fields: string,
  schema: z.ZodMiniType<T>,
): AsyncGenerator<T> {
  return pages(
    (pageToken) =>
      api.request(`compute.${collection}.aggregatedList`, {
        url: `${COMPUTE}/projects/${projectId}/aggregated/${collection}`,
        query: { maxResults: 500, returnPartialSuccess: true, pageToken, fields },
      }),
    schema,
  );
}

async function* pages<T extends { nextPageToken?: string | undefined }>(
  read: (pageToken: string | undefined) => Promise<unknown>,
  schema: z.ZodMiniType<T>,
): AsyncGenerator<T> {
  let pageToken: string | undefined;
  do {
    const page = schema.parse(await read(pageToken));
    yield page;
    pageToken = page.nextPageToken === '' ? undefined : page.nextPageToken;
  } while (pageToken !== undefined);
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
