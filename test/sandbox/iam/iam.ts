import { ApiError } from '../http/api-error.ts';
import type { Need } from '../http/route.ts';
import { parseCondition, type Condition, type ConditionResource } from './condition.ts';

/** Which account holds which permissions where. Bindings are inherited downwards: organization, folder, project, resource. */
export interface Iam {
  bind(binding: Binding): void;
  unbind(match: (binding: Binding) => boolean): void;
  allows(principal: string, need: Need): boolean;
  /** Throws the 403 that Google answers when `principal` lacks one of `needs`. */
  require(principal: string, needs: readonly Need[]): void;
  readonly bindings: readonly Binding[];
}

export interface Binding {
  readonly member: string;
  /** Only for showing: `deploy/functions/<name>/role.yaml`, `roles/owner`. */
  readonly role: string;
  readonly permissions: 'all' | readonly string[];
  /** Resource name, see `Need.on`. */
  readonly on: string;
  /** Without one the binding always applies. */
  readonly condition?: Condition | undefined;
}

/** `parentOf` gives the resource above one, e.g. `buckets/b` -> `projects/p` -> `folders/1` -> `organizations/2`. */
export function createIam(parentOf: (resource: string) => string | undefined): Iam {
  let bindings: Binding[] = [];

  const allows = (principal: string, need: Need): boolean => {
    for (let at: string | undefined = need.on; at !== undefined; at = parentOf(at)) {
      const here = at;
      const granted = bindings.some(
        (binding) =>
          binding.on === here &&
          (binding.member === principal || binding.member === 'allUsers') &&
          (binding.permissions === 'all' || binding.permissions.includes(need.permission)) &&
          (binding.condition === undefined || parseCondition(binding.condition)(resourceOf(need))),
      );
      if (granted) return true;
    }
    return false;
  };

  return {
    bind: (binding) => void bindings.push(binding),
    unbind: (match) => void (bindings = bindings.filter((binding) => !match(binding))),
    allows,
    require(principal, needs) {
      for (const need of needs) {
        if (allows(principal, need)) continue;
        throw new ApiError(
          'PERMISSION_DENIED',
          `Permission '${need.permission}' denied on resource '${need.on}' (or it may not exist).`,
          [
            {
              '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
              reason: 'IAM_PERMISSION_DENIED',
              domain: 'iam.googleapis.com',
              metadata: { permission: need.permission, resource: need.on },
            },
          ],
        );
      }
    },
    get bindings() {
      return bindings;
    },
  };
}

/**
 * What a condition is evaluated on. For an object it is the object, also for one that is to be made; for `storage.objects.list` and
 * for every request to the bucket it is the bucket: a listing takes no condition on its prefix.
 * Source: https://cloud.google.com/storage/docs/access-control/iam#conditions; lanes-sh/link#100 for the real refusal
 */
function resourceOf({ on, object }: Need): ConditionResource {
  const [, bucket] = /^buckets\/([^/]+)$/.exec(on) ?? [];
  if (bucket === undefined) return { name: on, type: '', service: '' };
  const service = 'storage.googleapis.com';
  const name = `projects/_/buckets/${bucket}`;
  return object === undefined
    ? { name, type: `${service}/Bucket`, service }
    : { name: `${name}/objects/${object}`, type: `${service}/Object`, service };
}
