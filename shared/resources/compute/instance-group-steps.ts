import type { Api } from '../../google/api.ts';
import { BusyError, undefinedIfMissing } from '../../google/google-api-error.ts';
import type { KindRequest, Standing, Step } from '../kind.ts';
import { newestGroupError } from './group-errors.ts';
import {
  callName,
  COMPUTE_HOST,
  getAutoscalerMode,
  getGroup,
  scopeOf,
  type GroupFacts,
} from './group-facts.ts';

/** The mode of an autoscaler that does nothing. */
export const OFF = 'OFF';

/** The autoscaler of a group as the switch found it. */
interface RememberedAutoscaler {
  readonly name: string;
  readonly mode: string;
}

/** A change of a group's size. */
export function resize(
  resource: string,
  name: string,
  judge: (api: Api, group: GroupFacts) => Standing | Promise<Standing>,
): Step {
  return {
    name,
    async look(api) {
      const group = await getGroup(api, resource);
      const standing = await judge(api, group);
      return { state: `targetSize ${group.targetSize}`, labels: group.labels, standing };
    },
    explain: (api, sinceMs) => newestGroupError(api, [resource], sinceMs),
  };
}

/** Whether a group of another size gets it from its autoscaler, which is on again as it was. */
export async function isScaledAs(
  api: Api,
  group: GroupFacts,
  desired: number,
  { name, mode }: RememberedAutoscaler,
): Promise<boolean> {
  const { targetSize } = group;
  if (targetSize === desired || targetSize === 0 || mode === OFF) return false;
  return (await modeOf(api, group, name)) === mode;
}

/**
 * A group is emptied while nothing scales it: an autoscaler that was set to work again since it was set to `OFF` would give it its
 * size back, whatever its size is now. Throws `BusyError` then: the next look sets it to `OFF` again.
 */
export async function requireUnscaled(api: Api, group: GroupFacts): Promise<void> {
  const { resource, autoscaler } = group;
  if (autoscaler === undefined) return;
  const mode = await modeOf(api, group, autoscaler);
  if (mode !== undefined && mode !== OFF)
    throw new BusyError(
      `Cannot empty "${resource}" for good: its autoscaler ${autoscaler} is ${mode} again, and would give it its size back`,
    );
}

/**
 * The mode of an autoscaler; undefined for one that is gone. Throws `BusyError` where a group still names the one that Google does
 * not show: whether that is gone is not known.
 */
async function modeOf(
  api: Api,
  { resource, autoscaler }: GroupFacts,
  name: string,
): Promise<string | undefined> {
  const mode = await undefinedIfMissing(getAutoscalerMode(api, resource, name));
  if (mode === undefined && autoscaler === name)
    throw new BusyError(
      `Cannot tell how the autoscaler of "${resource}" works: the group names ${name}, and Google does not show it`,
    );
  return mode;
}

/** Whether a group is still to be emptied. */
export function judgeEmpty({ resource, targetSize }: Pick<GroupFacts, 'resource' | 'targetSize'>): Standing {
  return targetSize === 0 ? { kind: 'done' } : { kind: 'ready', request: resizeRequest(resource, 0) };
}

/**
 * Whether a group is still to get its size back; one that was resized meanwhile is left as it is. `isScaled`: its autoscaler is
 * on again as it was, and has the say.
 */
export function judgeRefill(
  { resource, targetSize, isStable }: Pick<GroupFacts, 'resource' | 'targetSize' | 'isStable'>,
  desired: number,
  isScaled: boolean,
): Standing {
  if (targetSize === 0 && desired > 0) return { kind: 'ready', request: resizeRequest(resource, desired) };
  if (targetSize !== desired && !isScaled)
    return { kind: 'refused', why: `its size is ${targetSize} by now, it was ${desired}` };
  // Without capacity a group goes on trying for as long as it takes; its autoscaler comes back all the same.
  return isStable
    ? { kind: 'done' }
    : { kind: 'in-transit', inForce: true, why: 'its members are being started' };
}

function resizeRequest(resource: string, size: number): KindRequest {
  return {
    call: callName(resource, 'instanceGroupManagers', 'resize'),
    method: 'POST',
    url: `${COMPUTE_HOST}/${resource}/resize`,
    query: { size },
    body: {},
  };
}

/** A change of an autoscaler's mode. */
export function setMode(group: string, autoscaler: string, mode: string): Step {
  return {
    name: `autoscaler-${mode.toLowerCase()}`,
    async look(api) {
      const facts = await getGroup(api, group);
      const present = await modeOf(api, facts, autoscaler);
      return {
        state: `autoscaler ${present ?? 'deleted'}`,
        labels: facts.labels,
        standing: judgeMode(group, autoscaler, present, mode),
      };
    },
  };
}

/** Whether an autoscaler is still to be set; one that was set to another mode meanwhile is left as it is. */
export function judgeMode(
  group: string,
  autoscaler: string,
  present: string | undefined,
  desired: string,
): Standing {
  if (present === desired) return { kind: 'done' };
  if (present === undefined)
    return desired === OFF
      ? { kind: 'done' }
      : { kind: 'refused', why: `its autoscaler ${autoscaler} does not exist any more, it was ${desired}` };
  if (desired !== OFF && present !== OFF)
    return { kind: 'refused', why: `its autoscaler is ${present} by now, it was ${desired}` };
  return {
    kind: 'ready',
    request: {
      call: callName(group, 'autoscalers', 'patch'),
      method: 'PATCH',
      url: `${COMPUTE_HOST}/${scopeOf(group)}/autoscalers`,
      query: { autoscaler },
      body: { autoscalingPolicy: { mode: desired } },
    },
  };
}
