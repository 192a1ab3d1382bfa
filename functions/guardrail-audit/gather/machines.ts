import * as z from 'zod/mini';
import { visitAggregated } from '../../../shared/google/aggregated-list.ts';
import { listNotebooks, type NotebookInstance } from '../../../shared/google/notebooks.ts';
import { resourceId } from '../../../shared/google/resource-name.ts';
import { stringMap } from '../../../shared/google/string-map.ts';
import {
  acceleratorsOf,
  acceleratorsSchema,
  boughtAs,
  isSpot,
  schedulingSchema,
  VM_STOPPED,
  VM_STOPPING,
} from '../../../shared/google/vms.ts';
import { gpusOf } from '../../../shared/prices/machine-type.ts';
import { isPriced, type Price } from '../../../shared/prices/price.ts';
import { costOfMachines } from '../../../shared/resources/cost.ts';
import type { AuditFacts, MachineFacts } from '../facts.ts';
import { gapOf, isRead, whole, type Read, type Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';
import { isMetadata, scriptUrlsOf, textsOfMetadata } from './metadata.ts';
import { scanTexts, textsOfMap } from './texts.ts';

const vmSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  machineType: z.optional(z.string()),
  labels: z.optional(stringMap),
  metadata: z.optional(z.unknown()),
  guestAccelerators: acceleratorsSchema,
  serviceAccounts: z.optional(
    z.array(z.looseObject({ email: z.string(), scopes: z.optional(z.array(z.string())) })),
  ),
  scheduling: schedulingSchema,
});
type WireVm = z.infer<typeof vmSchema>;

const FIELDS =
  'id,name,status,machineType,labels,metadata/items(key,value),guestAccelerators,serviceAccounts,scheduling(provisioningModel,preemptible)';

const FULL_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * VMs, and Workbench instances joined to theirs. Needs compute.instances.list and notebooks.instances.list. While the Notebooks API is
 * switched off the VMs are all seen, and only which of them are notebooks is unknown.
 */
export async function readMachines(look: Look): Promise<Pick<AuditFacts, 'machines' | 'notebookGaps'>> {
  const [notebooks, vms] = await Promise.all([readNotebooks(look), readVms(look)]);
  if (!isRead(vms)) return { machines: vms, notebookGaps: [] };
  const isOff = !isRead(notebooks) && notebooks.isDisabled === true;
  return {
    machines: join(vms, isOff ? whole(new Map()) : notebooks, look),
    notebookGaps: isOff && vms.value.length > 0 ? [gapOf(notebooks)] : [],
  };
}

function join(
  vms: Read<readonly ListedVm[]>,
  notebooks: Reading<ReadonlyMap<string, NotebookInstance>>,
  look: Look,
): Reading<readonly MachineFacts[]> {
  const byId = isRead(notebooks) ? notebooks.value : new Map<string, NotebookInstance>();
  const seen = new Set(vms.value.map(({ vm }) => vm.id));
  // Without its VM nothing says whether it runs, and as what.
  const alone = [...byId].filter(([id]) => !seen.has(id));
  const unlike = vms.value.filter(({ vm }) => !isMetadata(vm.metadata));
  return {
    value: vms.value.map(({ vm, scope }) => toFacts(vm, scope, byId.get(vm.id), look)),
    gaps: [
      ...(isRead(notebooks) ? notebooks.gaps : [gapOf(notebooks)]),
      ...vms.gaps,
      ...alone.map(([, { name }]) => `the VM of ${name} was not seen`),
      ...unlike.map(({ vm }) => `the metadata of ${vm.name} has another form than documented`),
    ],
  };
}

interface ListedVm {
  readonly vm: WireVm;
  /** `zones/Z` */
  readonly scope: string;
}

function readVms(look: Look): Promise<Reading<readonly ListedVm[]>> {
  return attempt(look, 'the VMs', async (): Promise<Read<readonly ListedVm[]>> => {
    const found: ListedVm[] = [];
    const query = {
      projectId: look.projectId,
      collection: 'instances',
      fields: FIELDS,
      schema: vmSchema,
    } as const;
    const { unreachable, strange } = await visitAggregated(
      look.api,
      query,
      (vm, scope) => void found.push({ vm, scope }),
    );
    return {
      value: found,
      gaps: [...unreachable.map((zone) => `VMs in ${zone} were unreachable`), ...strangeGaps('VMs', strange)],
    };
  });
}

/** By the numeric id of the VM. */
function readNotebooks(look: Look): Promise<Reading<ReadonlyMap<string, NotebookInstance>>> {
  return attempt(look, 'the notebooks', async () => {
    const byId = new Map<string, NotebookInstance>();
    const gaps: string[] = [];
    for await (const { instances, strange, unreachable, failed } of listNotebooks(look.api, look.projectId)) {
      for (const one of instances)
        if (one.gceSetup?.instanceId === undefined) gaps.push(`${one.name} names no VM`);
        else byId.set(one.gceSetup.instanceId, one);
      gaps.push(
        ...strangeGaps('notebooks', strange),
        ...unreachable.map((place) => `notebooks in ${place} were unreachable`),
      );
      if (failed === undefined) continue;
      gaps.push(`notebooks in ${failed.location} could not be listed`);
      look.failed(failed.error);
    }
    return { value: byId, gaps };
  });
}

function toFacts(
  vm: WireVm,
  scope: string,
  notebook: NotebookInstance | undefined,
  look: Look,
): MachineFacts {
  const zone = resourceId(scope);
  const resource = notebook?.name ?? `projects/${look.projectId}/${scope}/instances/${vm.name}`;
  const machineType = resourceId(vm.machineType ?? '');
  const accelerators = acceleratorsOf(vm.guestAccelerators);
  const gpus = gpusOf({ machineType, accelerators });
  const metadata = textsOfMetadata(vm.metadata, 'metadata');
  const [account] = vm.serviceAccounts ?? [];
  return {
    kind: notebook === undefined ? 'vm' : 'notebook',
    resource,
    name: notebook === undefined ? vm.name : resourceId(notebook.name),
    zone,
    id: vm.id,
    // What this code does not know is not taken for stopped.
    running: !VM_STOPPED.has(vm.status) && !VM_STOPPING.has(vm.status) && vm.status !== 'SUSPENDED',
    machineType,
    gpus: gpus.kind === 'gpus' ? [{ type: gpus.type, count: gpus.count }] : [],
    labels: { ...vm.labels, ...notebook?.labels },
    serviceAccount: account?.email,
    fullScope: account?.scopes?.includes(FULL_SCOPE) === true,
    usdPerHour: lowest(
      costOfMachines(
        [
          {
            ...{ machineType, accelerators, zone, count: 1, spot: isSpot(vm.scheduling) },
            ...boughtAs(vm.scheduling?.provisioningModel),
          },
        ],
        look.now,
      ),
    ),
    // Workbench hands its metadata on to the VM.
    places: scanTexts(
      resource,
      notebook !== undefined && metadata.length === 0
        ? textsOfMap(notebook.gceSetup?.metadata, 'metadata')
        : metadata,
      look.digestOf,
    ),
    scriptUrls: scriptUrlsOf(metadata),
  };
}

/** What is said to be saved is never more than what is. */
function lowest(price: Price): MachineFacts['usdPerHour'] {
  return isPriced(price) ? price.usd.low : 'unpriced';
}
