import type * as z from 'zod/mini';
import type { BringBack, Fate, KindName, ResourceKind, RunningResource, Step } from './kind.ts';
import type { Look } from './look.ts';

/** A resource as its kind lists it: what most do not have may be left out. */
export type Listed = Pick<
  RunningResource,
  'resource' | 'state' | 'description' | 'cost' | 'fate' | 'command'
> &
  Partial<
    Pick<
      RunningResource,
      | 'labels'
      | 'memberLabels'
      | 'startedBy'
      | 'createdMs'
      | 'startedMs'
      | 'gpus'
      | 'onTop'
      | 'leastShare'
      | 'expectedUsd'
      | 'mayBeIdle'
      | 'isStorage'
      | 'atMostUsd'
      | 'waits'
      | 'machines'
      | 'memberKeys'
      | 'ownerKeys'
    >
  >;

type Described = Pick<ResourceKind, 'title' | 'area' | 'permissions' | 'order'> & {
  readonly kind: KindName;
  readonly list: (look: Look) => Promise<readonly Listed[]>;
};

export interface StoppableKind<Remembered extends object> extends Described, Pick<ResourceKind, 'changedIn'> {
  /** Checks what the manifest kept. */
  readonly record: z.ZodMiniType<Remembered>;
  readonly stop: (resource: string, record: Remembered) => readonly Step[];
  readonly bringBack: (resource: string, record: Remembered) => BringBack;
  /** See {@link ResourceKind.rejoin}; where it is absent, all that is there now counts. */
  readonly rejoin?: (before: Remembered, now: Remembered) => Remembered;
}

/** A kind that can be stopped. Throws for a record that is not of its kind. */
export function stoppableKind<Remembered extends object>(spec: StoppableKind<Remembered>): ResourceKind {
  const { kind, title, area, permissions, order, changedIn } = spec;
  return {
    ...{ kind, title, area, permissions, order },
    ...(changedIn === undefined ? {} : { changedIn }),
    list: async (look) => (await spec.list(look)).map((listed) => complete(kind, listed)),
    stop: ({ resource, record }) => spec.stop(resource, spec.record.parse(record)),
    bringBack: ({ resource, record }) => spec.bringBack(resource, spec.record.parse(record)),
    rejoin(before, now) {
      const known = spec.record.safeParse(before);
      if (spec.rejoin === undefined || !known.success) return now;
      return Object.fromEntries(Object.entries(spec.rejoin(known.data, spec.record.parse(now))));
    },
  };
}

/** Behind all that is stopped. */
const NAMED_ONLY = 1_000;

/** A kind that is only named: with its cost, and the command that ends it. */
export function namedKind(
  spec: Omit<Described, 'permissions' | 'order'> & { readonly permissions: readonly string[] },
): ResourceKind {
  const { kind, title, area } = spec;
  return {
    ...{ kind, title, area },
    permissions: { list: spec.permissions, stop: [], bringBack: [] },
    order: NAMED_ONLY,
    list: async (look) => (await spec.list(look)).map((listed) => complete(kind, listed)),
    stop: () => [],
    bringBack: ({ resource }) => ({ kind: 'left', why: `${resource} was never stopped` }),
    rejoin: (_, now) => now,
  };
}

/** A resource as its kind lists it, with what it left out. */
export function complete(kind: KindName, listed: Listed): RunningResource {
  return {
    labels: {},
    memberLabels: [],
    startedBy: undefined,
    startedMs: undefined,
    leastShare: 1,
    memberKeys: [],
    ownerKeys: [],
    ...listed,
    kind,
    partOf: undefined,
  };
}

/** For kinds whose resources all share one reason. */
export function named(why: string): Fate {
  return { kind: 'named', why };
}

/** What bringing a resource back by itself takes; undefined where its controller does that, or nothing can. */
export function recordOf(fate: Fate): Readonly<Record<string, unknown>> | undefined {
  return fate.kind === 'owned' ? undefined : fate.record;
}

/** In a state that Google has added since: whether it may be stopped is unknown, and so is the look at it. */
export function notEvaluable(look: Pick<Look, 'gap'>, resource: string, state: string): Fate {
  const why = `not evaluable: ${state === '' ? 'no state' : state} is none of the states that are known`;
  look.gap({ where: resource, why });
  return named(why);
}
