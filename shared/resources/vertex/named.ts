import * as z from 'zod/mini';
import { stringMap } from '../../google/string-map.ts';
import { urlOf } from '../../google/vertex/vertex.ts';
import { namedKind, type Listed } from '../define-kind.ts';
import type { KindName, ResourceKind } from '../kind.ts';
import type { Look } from '../look.ts';
import { listRegional } from './regional.ts';

const common = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  state: z.optional(z.string()),
  labels: z.optional(stringMap),
});

export interface NamedVertexKind<T> {
  readonly kind: KindName;
  readonly title: string;
  /** `persistentResources` */
  readonly collection: string;
  readonly schema: z.ZodMiniType<T>;
  /** What it is and costs; undefined for one that bills nothing now. */
  readonly describe: (
    found: T,
    name: string,
    /** `projectId` for commands: gcloud takes no project number, and names at Vertex AI have that. */
    look: Pick<Look, 'projectId' | 'now'>,
  ) =>
    | (Pick<Listed, 'description' | 'cost'> &
        Partial<Pick<Listed, 'command' | 'memberKeys' | 'expectedUsd' | 'machines' | 'mayBeIdle'>>)
    | undefined;
  /** Whether deleting it takes the word that what is in it goes as well. Source: discovery of aiplatform v1, `force` of its delete. */
  readonly deletedByForce?: true;
  /** Why it is only named. */
  readonly why: string;
}

/** A kind of Vertex AI that costguard names and does not stop. */
export function namedVertexKind<T>(spec: NamedVertexKind<T>): ResourceKind {
  const { kind, title, collection, schema, describe, why, deletedByForce = false } = spec;
  const whole = z.intersection(common, schema);
  return namedKind({
    ...{ kind, title },
    area: 'Vertex AI',
    permissions: ['aiplatform.locations.list', `aiplatform.${collection}.list`],
    async list(look) {
      const found = await listRegional(look, { collection, schema: whole });
      return found.flatMap((one) => {
        const { name, state = '', labels = {} } = one;
        const described = describe(one, name, look);
        if (described === undefined) return [];
        return [
          {
            resource: name,
            state,
            labels,
            fate: { kind: 'named', why },
            command: deleteCommand(name, deletedByForce),
            ...described,
          },
        ];
      });
    },
  });
}

/** gcloud has no command for most of them. */
function deleteCommand(name: string, isForced: boolean): string {
  const url = isForced ? `"${urlOf(name)}?force=true"` : urlOf(name);
  return `curl -X DELETE -H "Authorization: Bearer $(gcloud auth print-access-token)" ${url}`;
}
