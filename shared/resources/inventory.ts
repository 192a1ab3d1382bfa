import pMap from 'p-map';
import type { Api } from '../google/api.ts';
import { messageOf } from '../errors.ts';
import { GoogleApiError, isServiceDisabled } from '../google/google-api-error.ts';
import { isPerimeterRefusal } from '../google/not-offered.ts';
import type { NotOffered } from '../google/vertex/inventory.ts';
import { joinMembers } from './join.ts';
import type { ResourceKind, RunningResource } from './kind.ts';
import { startLook, type Look, type LookGap } from './look.ts';

/** What runs in a project, and what could not be looked at. */
export interface ResourceInventory {
  readonly projectId: string;
  /** In the order in which they are stopped. */
  readonly resources: readonly RunningResource[];
  readonly gaps: readonly LookGap[];
  /** Collections that a region does not have, those that were queried this time. */
  readonly notOffered: readonly NotOffered[];
}

/** Kinds that are listed side by side; those of Vertex AI query several regions at once. */
const KINDS_AT_ONCE = 6;

/**
 * Looks at what runs in a project, of the given kinds. One listing that fails does not hide the others: it is a gap, unless
 * its API is disabled, for what a disabled API offers cannot run. `skip` tells what is known not to be offered.
 */
export async function readResources(
  api: Api,
  projectId: string,
  kinds: readonly ResourceKind[],
  skip: (what: string) => boolean = () => false,
): Promise<ResourceInventory> {
  const gaps = new Map<string, LookGap>();
  const notOffered: NotOffered[] = [];
  const gap: Look['gap'] = (one) => void gaps.set(`${one.where}: ${one.why}`, one);
  const look = startLook({ api, projectId, gap, skip, notOffered: (what) => void notOffered.push(what) });
  const listed = await pMap(kinds, (kind) => attempt(look, kind), { concurrency: KINDS_AT_ONCE });
  const order = new Map(kinds.map(({ kind, order: place }) => [kind, place]));
  const place = ({ kind }: RunningResource): number => order.get(kind) ?? Number.MAX_VALUE;
  return {
    projectId,
    resources: [...joinMembers(listed.flat())].sort((a, b) => place(a) - place(b)),
    gaps: [...gaps.values()],
    notOffered,
  };
}

async function attempt(look: Look, kind: ResourceKind): Promise<readonly RunningResource[]> {
  try {
    return await kind.list(look);
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    if (!isServiceDisabled(error))
      look.gap({ where: `projects/${look.projectId} ${kind.area}`, why: whyUnseen(error), cause: error });
    return [];
  }
}

/** What an error means for what could not be looked at. */
export function whyUnseen(error: unknown): string {
  return isPerimeterRefusal(error)
    ? `VPC Service Controls keep the switch out, whatever IAM allows: ${messageOf(error)}`
    : messageOf(error);
}

/** What resources cost an hour: `usdPerHour` of those that have a price, and how many have none. */
export interface Burn {
  readonly usdPerHour: number;
  readonly unpriced: number;
}

/** The cost of all of them; what belongs to another one is counted with that. */
export function burnOf(resources: readonly RunningResource[]): Burn {
  const costs = resources.filter(({ partOf }) => partOf === undefined).map(({ cost }) => cost);
  return {
    usdPerHour: costs.reduce((sum, { usdPerHour }) => sum + (usdPerHour === 'unpriced' ? 0 : usdPerHour), 0),
    unpriced: costs.filter(({ usdPerHour }) => usdPerHour === 'unpriced').length,
  };
}

/** Worst first: what has no price stands first, for it may be the worst. */
export function worstFirst(resources: readonly RunningResource[]): readonly RunningResource[] {
  const rate = ({ cost }: RunningResource): number =>
    cost.usdPerHour === 'unpriced' ? Infinity : cost.usdPerHour;
  return [...resources].sort((a, b) => {
    const [one, other] = [rate(a), rate(b)];
    return one === other ? a.resource.localeCompare(b.resource) : other - one;
  });
}
