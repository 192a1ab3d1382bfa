import { once } from '../once.ts';
import type { Api } from '../google/api.ts';
import { noteStrange, type Items } from '../google/read-items.ts';
import type { Unseen } from '../google/aggregated-list.ts';
import { ofProject, type OfProject } from '../google/resource-name.ts';
import { listVertexRegions } from '../google/vertex/vertex.ts';
import type { EndedResource } from './kind.ts';
import { listGroupFacts, type ListedGroup } from './compute/group-facts.ts';
import { listVmFacts, type VmFacts } from './compute/vm-facts.ts';

/** Something that could not be looked at: what runs there is unknown, not absent. */
export interface LookGap {
  readonly where: string;
  readonly why: string;
  readonly cause?: unknown;
  /** The listing was answered, without a place that is out of reach for now: a later look may show it. */
  readonly mayPass?: true;
}

/** The gap of a place whose resources an answer lacks: an outage, that may pass. `what`: in the plural. */
export function unreachable(where: string, what: string): LookGap {
  return { where, why: `unreachable: ${what} there were not seen`, mayPass: true };
}

/** A collection that a region does not have: nothing can run there. */
export interface NotOffered {
  /** `tuningJobs in me-central1` */
  readonly what: string;
  readonly why: string;
}

/** What one listing of a collection in a region came to. */
export interface Listing {
  /** `tuningJobs in me-central1` */
  readonly what: string;
  /** How many it has, also those that do not run; undefined where it failed. */
  readonly found: number | undefined;
  /** Whether the region answered: one that does not have the collection refuses. */
  readonly answered: boolean;
  /** Whether it refused because the API is disabled. */
  readonly isDisabled?: true;
}

/** One look at what runs in a project. What several kinds need is listed once. */
export interface Look {
  readonly api: Api;
  readonly projectId: string;
  /** What Spot costs depends on how old its price is. */
  readonly now: Date;
  /** Whether what is listed names the project: once for all listings, which must agree on its number. */
  readonly ofProject: OfProject;
  readonly gap: (gap: LookGap) => void;
  readonly notOffered: (what: NotOffered) => void;
  readonly listed: (listing: Listing) => void;
  /** Notes an area whose API is disabled: what was made before may go on there. */
  readonly disabled: (area: string) => void;
  /** Whether listing a collection of Vertex AI is known to work in some region. */
  readonly works: (collection: string) => boolean;
  /** Whether a collection of a region, such as `endpoints in us-east4`, had something of the project lately. */
  readonly holds: (listing: string) => boolean;
  /**
   * Since when what ended in a collection of a region counts too, milliseconds since the epoch; undefined where only what runs does.
   */
  readonly endedSince: (listing: string) => number | undefined;
  /**
   * When the oldest of what ran in a collection of a region was created, milliseconds since the epoch; undefined where nothing did:
   * what ended is listed by when it was created.
   */
  readonly runsSince: (listing: string) => number | undefined;
  readonly ended: (resource: EndedResource) => void;
  /** Whether something is known not to be offered, such as `tuningJobs in me-central1`. */
  readonly skip: (what: string) => boolean;
  /** All VMs that are neither stopped nor suspended. Needs compute.instances.list. */
  readonly vms: () => Promise<readonly VmFacts[]>;
  /** Those of the same listing that are suspended. */
  readonly suspendedVms: () => Promise<readonly VmFacts[]>;
  /** Which VMs that listing did not show. */
  readonly unseenVms: () => Promise<Unseen>;
  /** All managed instance groups with their autoscalers. Needs compute.instanceGroupManagers.list and compute.autoscalers.list. */
  readonly groups: () => Promise<readonly ListedGroup[]>;
  /** The regions of Vertex AI. Needs aiplatform.locations.list. */
  readonly vertexRegions: () => Promise<readonly string[]>;
}

export interface LookOptions
  extends
    Pick<Look, 'api' | 'projectId' | 'now' | 'gap' | 'notOffered' | 'skip'>,
    Partial<Pick<Look, 'listed' | 'disabled' | 'works' | 'holds' | 'endedSince' | 'runsSince' | 'ended'>> {
  /** Undefined where it is not known. */
  readonly projectNumber?: string | undefined;
  /** The regions of Vertex AI, where they are known: they are not listed then. */
  readonly regions?: readonly string[] | undefined;
  /** Regions that earlier lists named: they are looked at too, for a list may lack some of them. */
  readonly formerRegions?: readonly string[];
  /** Told of the regions as Google lists them, where they are listed. */
  readonly regionsListed?: (regions: readonly string[]) => void;
}

/** A look at a project that has nothing listed yet. */
export function startLook(options: LookOptions): Look {
  const { api, projectId, projectNumber, gap, regions, formerRegions = [], regionsListed } = options;
  const note = (what: string, { unreachable: scopes, strange }: Unseen): void => {
    for (const scope of scopes) gap(unreachable(`projects/${projectId} ${scope}`, what));
    noteStrange(gap, `projects/${projectId} ${what}`, strange);
  };
  const listVms = once(async () => {
    const { vms, suspended, ...unseen } = await listVmFacts(api, projectId);
    note('VMs', unseen);
    return { vms, suspended, unseen };
  });
  return {
    ofProject: ofProject(projectId, projectNumber),
    listed: () => undefined,
    disabled: () => undefined,
    works: () => false,
    holds: () => false,
    endedSince: () => undefined,
    runsSince: () => undefined,
    ended: () => undefined,
    ...options,
    vms: async () => (await listVms()).vms,
    suspendedVms: async () => (await listVms()).suspended,
    unseenVms: async () => (await listVms()).unseen,
    groups: once(async () => {
      const { groups, ...unseen } = await listGroupFacts(api, projectId);
      note('managed instance groups', unseen);
      return groups;
    }),
    vertexRegions: once(async () => {
      if (regions !== undefined) return regions;
      const { items, strange }: Items<string> = await listVertexRegions(api, projectId);
      noteStrange(gap, `projects/${projectId} Vertex AI locations`, strange);
      regionsListed?.(items);
      return [...new Set([...items, ...formerRegions])];
    }),
  };
}
