import { ApiError } from '../http/api-error.ts';
import type { Need } from '../http/route.ts';

/** A service perimeter of VPC Service Controls around a project: IAM may allow a call, and it is refused all the same. */
export interface Perimeter {
  /** Id of the project inside. */
  readonly project: string;
  /** Restricted services, `compute.googleapis.com`; a regional host counts as its service. */
  readonly services: readonly string[];
  /** Accounts that an ingress rule lets in. */
  readonly except?: readonly string[] | undefined;
}

export interface Perimeters {
  add(perimeter: Perimeter): void;
  clear(): void;
  /** Throws the 403 of a call from outside on something inside. */
  require(principal: string, host: string, needs: readonly Need[]): void;
}

/** `projectOf` gives the project's id that a resource belongs to. */
export function createPerimeters(projectOf: (resource: string) => string | undefined): Perimeters {
  let active: Perimeter[] = [];
  return {
    add: (perimeter) => void active.push(perimeter),
    clear: () => void (active = []),
    require(principal, host, needs) {
      const inside = active.some(
        ({ project, services, except = [] }) =>
          !except.includes(principal) &&
          services.some((service) => host === service || host.endsWith(`-${service}`)) &&
          needs.some(({ on }) => projectOf(on) === project),
      );
      if (!inside) return;
      const id = 'b5Rm0QxYxk-3rGqz';
      throw new ApiError(
        'PERMISSION_DENIED',
        `Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: ${id}`,
        [
          {
            '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
            violations: [{ type: 'VPC_SERVICE_CONTROLS', description: id }],
          },
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'SECURITY_POLICY_VIOLATED',
            domain: 'googleapis.com',
            metadata: { uid: id, service: host },
          },
        ],
      );
    },
  };
}
