import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ApiError } from '../http/api-error.ts';
import type { Condition } from './condition.ts';
import type { Binding, Iam } from './iam.ts';

export interface IamPolicy {
  readonly version: number;
  readonly etag: string;
  readonly bindings: readonly { readonly role: string; readonly members: readonly string[] }[];
}

export type ConditionalBinding = IamPolicy['bindings'][number] & {
  readonly condition?: Condition | undefined;
};

/** What a policy may refer to. */
export interface PolicyBook {
  /** Throws INVALID_ARGUMENT when the role is unknown, deleted or cannot be granted on the resource. */
  requireGrantable(role: string, on: string): void;
  /** What the role contains at this moment. */
  permissionsOf(role: string): Binding['permissions'];
  /** Throws INVALID_ARGUMENT for a service account that does not exist. */
  requireAccount(email: string): void;
}

/** The allow policies of all resources: what getIamPolicy shows and setIamPolicy replaces is what governs. */
export interface Policies {
  read(resource: string): IamPolicy;
  /** `given`: a google.iam.v1.Policy in JSON form. Throws INVALID_ARGUMENT, or ABORTED for an etag that is not the present one. */
  write(resource: string, given: unknown): IamPolicy;
  /** Replaces what an earlier `apply` bound on the resource, and nothing else; for a service that keeps its policies itself. */
  apply(resource: string, bindings: readonly ConditionalBinding[]): void;
  /** Binds what a scenario says, also roles whose contents the sandbox does not know: they are shown and allow nothing. */
  seed(resource: string, bindings: IamPolicy['bindings']): void;
  /** The resource is gone, and its policy with it. */
  forget(resource: string): void;
}

const policySchema = z.strictObject({
  version: z.union([z.literal(0), z.literal(1), z.literal(3)]).optional(),
  etag: z.string().optional(),
  bindings: z
    .array(
      z.strictObject({
        role: z.string(),
        members: z.array(z.string()).default([]),
        condition: z.unknown().optional(),
      }),
    )
    .default([]),
});

const MEMBER =
  /^(?:allUsers|allAuthenticatedUsers|(?:user|group|serviceAccount):[^@\s]+@[^@\s]+|domain:[^@\s]+|deleted:(?:user|group|serviceAccount):[^@\s]+@[^@\s]+\?uid=\d+|project(?:Owner|Editor|Viewer):[^\s]+)$/;

export function createPolicies(iam: Iam, book: PolicyBook): Policies {
  const applied = new Map<string, readonly Binding[]>();

  const read = (resource: string): IamPolicy => {
    const members = new Map<string, string[]>();
    for (const { on, role, member } of iam.bindings)
      if (on === resource) members.set(role, [...(members.get(role) ?? []), memberOf(member)]);
    const bindings = [...members].map(([role, holders]) => ({ role, members: [...new Set(holders)].sort() }));
    return { version: 1, etag: etagOf(bindings), bindings };
  };
  const bind = (resource: string, role: string, member: string, condition?: Condition): Binding => {
    const binding: Binding = {
      condition,
      member: accountOf(member),
      role,
      on: resource,
      // A custom role may change, be deleted or come back after it was granted.
      get permissions() {
        return book.permissionsOf(role);
      },
    };
    iam.bind(binding);
    return binding;
  };
  const check = (resource: string, role: string, member: string): void => {
    if (!MEMBER.test(member))
      throw new ApiError('INVALID_ARGUMENT', `The member ${member} is of an unknown type.`);
    book.requireGrantable(role, resource);
    const email = /^serviceAccount:(.+)$/.exec(member)?.[1];
    if (email !== undefined) book.requireAccount(email);
  };

  return {
    read,
    write(resource, given) {
      const { bindings, etag } = parse(given);
      const present = read(resource);
      if (etag !== undefined && etag !== '' && !isSameEtag(etag, present.etag))
        throw new ApiError(
          'ABORTED',
          'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
        );
      const wanted = pairsOf(bindings);
      const before = pairsOf(present.bindings);
      const added = [...wanted].filter(([key]) => !before.has(key));
      for (const [, { role, member }] of added) check(resource, role, member);
      iam.unbind(({ on, role, member }) => on === resource && !wanted.has(keyOf(role, memberOf(member))));
      for (const [, { role, member }] of added) bind(resource, role, member);
      return read(resource);
    },
    apply(resource, bindings) {
      const earlier = new Set(applied.get(resource));
      iam.unbind((binding) => earlier.has(binding));
      applied.set(
        resource,
        bindings.flatMap(({ role, members, condition }) =>
          [...new Set(members)].map((member) => bind(resource, role, member, condition)),
        ),
      );
    },
    seed(resource, bindings) {
      for (const { role, member } of pairsOf(bindings).values()) bind(resource, role, member);
    },
    forget(resource) {
      applied.delete(resource);
      iam.unbind(({ on }) => on === resource);
    },
  };
}

function parse(given: unknown): z.infer<typeof policySchema> {
  const result = policySchema.safeParse(given ?? {});
  if (!result.success)
    throw new ApiError('INVALID_ARGUMENT', `Invalid policy: ${z.prettifyError(result.error)}`);
  if (result.data.bindings.some(({ condition }) => condition !== undefined))
    throw new ApiError('UNIMPLEMENTED', 'The sandbox does not evaluate conditions of role bindings.');
  return result.data;
}

interface Pair {
  readonly role: string;
  readonly member: string;
}

function keyOf(role: string, member: string): string {
  return `${role} ${member}`;
}

function pairsOf(bindings: IamPolicy['bindings']): Map<string, Pair> {
  return new Map(
    bindings.flatMap(({ role, members }) =>
      members.map((member): [string, Pair] => [keyOf(role, member), { role, member }]),
    ),
  );
}

/** `ACAB` is what Google shows for a policy that no one has set. */
function etagOf(bindings: IamPolicy['bindings']): string {
  if (bindings.length === 0) return 'ACAB';
  return createHash('sha256').update(JSON.stringify(bindings)).digest('base64').slice(0, 12);
}

/** Etags are bytes, and gcloud sends them back in the other alphabet of base64 (`-_` for `+/`). */
function isSameEtag(given: string, present: string): boolean {
  return Buffer.from(given, 'base64').equals(Buffer.from(present, 'base64'));
}

/** `serviceAccount:a@b` -> `a@b`, as the sandbox's bindings name accounts; other members keep their kind. */
function accountOf(member: string): string {
  return member.replace(/^(?:user|serviceAccount):/, '');
}

function memberOf(account: string): string {
  if (account.includes(':') || !account.includes('@')) return account;
  return `${account.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'}:${account}`;
}
