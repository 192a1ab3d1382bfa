import { ApiError } from '../../http/api-error.ts';
import { readBody } from '../../http/read-body.ts';
import { z } from 'zod';
import type { Verb } from './collection.ts';
import type { Stored } from './store.ts';

/** How long transitions take in the sandbox, in milliseconds. */
const TRANSITION_MS = 30_000;

/** As Compute Engine says it, on which all that falls back stands. */
const NO_CAPACITY =
  'ZONE_RESOURCE_POOL_EXHAUSTED: The zone does not have enough resources available to fulfill the request. Try a different zone, or try again later.';

/** What a request to a verb says. */
type Body = Readonly<Record<string, unknown>>;

/** A verb that takes a resource from one state over another to a third. */
export function transition(options: {
  readonly name: string;
  readonly permission: string;
  /** `state`, or `status.state`. */
  readonly field: string;
  readonly from: readonly string[];
  readonly via: string;
  readonly to: string;
  /** Fields that the body may have; with `validateOnly` nothing changes. */
  readonly body?: z.ZodType<Body>;
  readonly needsBilling?: boolean;
  /** Throws where the service refuses for another reason than the state. */
  readonly require?: (resource: Stored, body: Body) => void;
  /** The method answers with an empty message rather than an operation. */
  readonly empty?: boolean;
}): Verb {
  const { name, permission, field, from, via, to, needsBilling = false } = options;
  return {
    name,
    permission,
    needsBilling,
    apply(resource, call, later, end) {
      const body = readBody(options.body ?? z.strictObject({}), call);
      options.require?.(resource, body);
      const state = String(getField(resource.body, field));
      if (!from.includes(state))
        throw new ApiError(
          'FAILED_PRECONDITION',
          `Cannot ${name} ${resource.path}: its state is ${state}, it must be ${from.join(' or ')}.`,
        );
      if (body['validateOnly'] === true) return undefined;
      setField(resource.body, field, via);
      const fallsBack = needsBilling && resource.stockout === true;
      const settle = (): void => {
        setField(resource.body, field, fallsBack ? state : to);
        end(fallsBack ? NO_CAPACITY : undefined);
      };
      if (via === to) settle();
      else later(TRANSITION_MS, settle);
      return options.empty === true ? {} : undefined;
    },
  };
}

export function getField(body: Readonly<Record<string, unknown>>, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      body,
    );
}

function setField(body: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at = body;
  for (const key of keys) {
    at[key] = { ...(at[key] as Record<string, unknown>) };
    at = at[key] as Record<string, unknown>;
  }
  at[last] = value;
}
