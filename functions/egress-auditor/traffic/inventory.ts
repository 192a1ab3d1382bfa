import * as z from 'zod/mini';
import { visitAggregated, type Unseen } from '../../../shared/google/aggregated-list.ts';
import type { Api } from '../../../shared/google/api.ts';
import { resourceId } from '../../../shared/google/resource-name.ts';
import { listBucketItems } from '../../../shared/google/buckets.ts';
import { listNotebooks } from '../../../shared/google/notebooks.ts';
import type { StrangeItem } from '../../../shared/google/read-items.ts';
import { bucketPlace, type BucketPlace } from './geography.ts';
import type { VmPlace } from './facts.ts';

/** A listing, and what it did not see. */
export interface Listed<T> extends Unseen {
  readonly found: ReadonlyMap<string, T>;
}

const vmSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  networkInterfaces: z.optional(
    z.array(
      z.looseObject({
        accessConfigs: z.optional(
          z.array(z.looseObject({ natIP: z.optional(z.string()), networkTier: z.optional(z.string()) })),
        ),
      }),
    ),
  ),
});

/** All VMs of a project by numeric id, stopped ones too: the window has what they sent. Needs compute.instances.list. */
export async function listVms(api: Api, projectId: string): Promise<Listed<VmPlace>> {
  const found = new Map<string, VmPlace>();
  const query = {
    projectId,
    collection: 'instances',
    fields: 'id,name,networkInterfaces/accessConfigs(natIP,networkTier)',
    schema: vmSchema,
  } as const;
  const unseen = await visitAggregated(
    api,
    query,
    (vm, scope) => void found.set(vm.id, toVm(vm, resourceId(scope))),
  );
  return { found, ...unseen };
}

function toVm({ name, networkInterfaces = [] }: z.infer<typeof vmSchema>, zone: string): VmPlace {
  const external = networkInterfaces.flatMap(({ accessConfigs }) => accessConfigs ?? []);
  return {
    name,
    zone,
    tiers: external.map(({ networkTier }) => networkTier ?? 'UNKNOWN'),
    addresses: external.flatMap(({ natIP }) => natIP ?? []),
    notebook: undefined,
  };
}

/** Names of the Workbench instances by the numeric id of their VM. Needs notebooks.instances.list. */
export async function listNotebookVms(api: Api, projectId: string): Promise<Listed<string>> {
  const found = new Map<string, string>();
  const unreachable: string[] = [];
  const strange: StrangeItem[] = [];
  for await (const page of listNotebooks(api, projectId)) {
    unreachable.push(...page.unreachable);
    strange.push(...page.strange);
    if (page.failed !== undefined) throw page.failed.error;
    for (const { name, gceSetup } of page.instances)
      if (gceSetup?.instanceId !== undefined) found.set(gceSetup.instanceId, name);
  }
  return { found, unreachable, strange };
}

const bucketSchema = z.looseObject({
  name: z.string(),
  location: z.string(),
  customPlacementConfig: z.optional(z.looseObject({ dataLocations: z.optional(z.array(z.string())) })),
});

/** Where each bucket of a project is. Needs storage.buckets.list. */
export async function listBucketPlaces(api: Api, projectId: string): Promise<Listed<BucketPlace>> {
  const found = new Map<string, BucketPlace>();
  const unreachable: string[] = [];
  const strange: StrangeItem[] = [];
  const fields = 'name,location,customPlacementConfig/dataLocations';
  for await (const page of listBucketItems(api, projectId, fields, bucketSchema)) {
    unreachable.push(...page.unreachable);
    strange.push(...page.strange);
    for (const { name, location, customPlacementConfig } of page.buckets)
      found.set(name, bucketPlace(location.toUpperCase(), customPlacementConfig?.dataLocations));
  }
  return { found, unreachable, strange };
}
