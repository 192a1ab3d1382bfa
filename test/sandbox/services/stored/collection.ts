import type { Call } from '../../http/route.ts';
import type { Stored } from './store.ts';

/** A custom verb of a resource, such as `:stop`. */
export interface Verb {
  readonly name: string;
  readonly permission: string;
  /** Changes the resource; throws what Google answers when it refuses. Returns the answer, an operation where none. */
  readonly apply: (resource: Stored, call: Call, later: Later, end: EndOperation) => object | undefined;
  /** Whether the project’s billing must be on. */
  readonly needsBilling?: boolean;
}

/** Ends the operation that the answer names, with an error where one is given. */
export type EndOperation = (error?: string) => void;

/** Does something after so many milliseconds of sandbox time. */
export type Later = (milliseconds: number, work: () => void) => void;

/** A collection whose resources the sandbox keeps as the API shows them. */
export interface Collection {
  readonly service: Stored['service'];
  /** Of the method ids: `tpu.projects.locations.nodes`. */
  readonly id: string;
  readonly version: string;
  /** The collections above it and itself: `locations/nodes`. */
  readonly path: string;
  /** Of the list's answer; the collection's name when absent. */
  readonly key?: string;
  /** `tpu.nodes`: of its list and get. */
  readonly permission: string;
  /** Parameters of its list beside those of pages; a filter is read as Vertex AI's are. */
  readonly query?: readonly string[];
  /** By which fields its list is ordered: of the resource, by their names in `orderBy`. */
  readonly orders?: Readonly<Record<string, string>>;
  /** How a resource names itself: by its full name with the project's id or number, or not at all. */
  readonly named: 'id' | 'number' | 'never';
  /** Where unreachable locations are listed; absent where the answer has no such field. */
  readonly unreachable?: string;
  /** A list over all locations, `-`. */
  readonly wildcard: boolean;
  /** No pages: the whole list at once. */
  readonly pageless?: boolean;
  readonly verbs?: readonly Verb[];
  /** Fields that come from elsewhere. */
  readonly show?: (resource: Stored) => object;
}
