import * as z from 'zod/mini';
import { visitAggregated, type Unseen } from '../../google/aggregated-list.ts';
import type { Api } from '../../google/api.ts';
import { parseAnswer, requireCompute } from '../../google/parse-answer.ts';
import { resourceId } from '../../google/resource-name.ts';
import { stringMap, type StringMap } from '../../google/string-map.ts';

export const COMPUTE_HOST = 'https://compute.googleapis.com/compute/v1';

/** A managed instance group. Source: Compute Engine API v1, resource InstanceGroupManager. */
export interface GroupFacts {
  /** projects/P/zones/Z/instanceGroupManagers/N, or regions/R. */
  readonly resource: string;
  readonly targetSize: number;
  /** Name of the autoscaler that governs it, in the same scope. */
  readonly autoscaler: string | undefined;
  /** Whether no member is being changed. */
  readonly isStable: boolean;
  /** Members keep disks, names or metadata of their own, which resizing takes away. */
  readonly isStateful: boolean;
  /** Labels that it puts on its members; a group has none itself. */
  readonly labels: StringMap;
}

const groupSchema = z.looseObject({
  name: z.string(),
  selfLink: z.optional(z.string()),
  targetSize: z.optional(z.number()),
  status: z.optional(
    z.looseObject({
      autoscaler: z.optional(z.string()),
      isStable: z.optional(z.boolean()),
      stateful: z.optional(z.looseObject({ hasStatefulConfig: z.optional(z.boolean()) })),
    }),
  ),
  allInstancesConfig: z.optional(
    z.looseObject({ properties: z.optional(z.looseObject({ labels: z.optional(stringMap) })) }),
  ),
});

const autoscalerSchema = z.looseObject({
  name: z.string(),
  selfLink: z.optional(z.string()),
  autoscalingPolicy: z.optional(z.looseObject({ mode: z.optional(z.string()) })),
});

/** An autoscaler without a mode works (reference of autoscalers, autoscalingPolicy.mode). */
const DEFAULT_MODE = 'ON';

/** A group with the mode of its autoscaler; undefined where it has none, or none that was seen. */
export interface ListedGroup extends GroupFacts {
  readonly mode: string | undefined;
}

/**
 * All managed groups of a project, zonal and regional, with their autoscalers' modes. Needs
 * compute.instanceGroupManagers.list, and compute.autoscalers.list where one has an autoscaler. Throws `GoogleApiError`.
 */
export async function listGroupFacts(
  api: Api,
  projectId: string,
): Promise<Unseen & { readonly groups: readonly ListedGroup[] }> {
  const groups: GroupFacts[] = [];
  const query = {
    projectId,
    collection: 'instanceGroupManagers',
    fields:
      'name,targetSize,status(autoscaler,isStable,stateful/hasStatefulConfig),allInstancesConfig/properties/labels',
    schema: groupSchema,
  } as const;
  const unseen = await visitAggregated(api, query, (group, scope) =>
    groups.push(toFacts(`projects/${projectId}/${scope}/instanceGroupManagers/${group.name}`, group)),
  );
  if (groups.every(({ autoscaler }) => autoscaler === undefined))
    return { groups: groups.map((group) => ({ ...group, mode: undefined })), ...unseen };
  const { modes, ...others } = await listModes(api, projectId);
  return {
    groups: groups.map((group) => ({
      ...group,
      mode: modes.get(`${scopeOf(group.resource)}/autoscalers/${group.autoscaler ?? ''}`),
    })),
    unreachable: [...new Set([...unseen.unreachable, ...others.unreachable])],
    strange: [...unseen.strange, ...others.strange],
  };
}

/** The modes of all autoscalers, by `projects/P/zones/Z/autoscalers/N`. */
async function listModes(
  api: Api,
  projectId: string,
): Promise<Unseen & { readonly modes: ReadonlyMap<string, string> }> {
  const modes = new Map<string, string>();
  const query = {
    projectId,
    collection: 'autoscalers',
    fields: 'name,autoscalingPolicy/mode',
    schema: autoscalerSchema,
  } as const;
  const unseen = await visitAggregated(api, query, ({ name, autoscalingPolicy }, scope) =>
    modes.set(`projects/${projectId}/${scope}/autoscalers/${name}`, autoscalingPolicy?.mode ?? DEFAULT_MODE),
  );
  return { modes, ...unseen };
}

/** A group as it is now. Needs compute.instanceGroupManagers.get. Throws `GoogleApiError`, 404 when it is gone. */
export async function getGroup(api: Api, resource: string): Promise<GroupFacts> {
  const call = callName(resource, 'instanceGroupManagers', 'get');
  const group = parseAnswer(
    call,
    groupSchema,
    await api.request(call, { url: `${COMPUTE_HOST}/${resource}` }),
  );
  // One without a size has none: that must not be read from an answer about another.
  requireCompute(call, group, resource);
  return toFacts(resource, group);
}

/**
 * How an autoscaler works now: `ON`, `ONLY_SCALE_OUT`, `ONLY_UP` or `OFF`. Needs compute.autoscalers.get. Throws
 * `GoogleApiError`, 404 when it is gone.
 */
export async function getAutoscalerMode(api: Api, group: string, autoscaler: string): Promise<string> {
  const call = callName(group, 'autoscalers', 'get');
  const resource = `${scopeOf(group)}/autoscalers/${autoscaler}`;
  const answer = await api.request(call, { url: `${COMPUTE_HOST}/${resource}` });
  const found = parseAnswer(call, autoscalerSchema, answer);
  // One without a mode works: that must not be read from an answer about nothing.
  requireCompute(call, found, resource);
  return found.autoscalingPolicy?.mode ?? DEFAULT_MODE;
}

/** `projects/P/zones/Z` of a group. */
export function scopeOf(group: string): string {
  return group.replace(/\/instanceGroupManagers\/[^/]+$/, '');
}

/** `compute.regionAutoscalers.patch`: regional collections have names of their own. */
export function callName(
  group: string,
  collection: 'instanceGroupManagers' | 'autoscalers',
  verb: string,
): string {
  const regional = scopeOf(group).includes('/regions/');
  const name = regional ? `region${collection.charAt(0).toUpperCase()}${collection.slice(1)}` : collection;
  return `compute.${name}.${verb}`;
}

function toFacts(resource: string, group: z.infer<typeof groupSchema>): GroupFacts {
  const { status } = group;
  return {
    resource,
    targetSize: group.targetSize ?? 0,
    autoscaler: status?.autoscaler === undefined ? undefined : resourceId(status.autoscaler),
    isStable: status?.isStable === true,
    isStateful: status?.stateful?.hasStatefulConfig === true,
    labels: group.allInstancesConfig?.properties?.labels ?? {},
  };
}
