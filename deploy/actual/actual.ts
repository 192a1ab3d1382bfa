import type { Condition } from '../desired/condition.ts';
import type { Role } from '../desired/settings.ts';
import type { BillingRoles } from '../desired/names.ts';
import type { Unread } from './read-answer.ts';

/** What is there, as far as deploy is concerned. */
export interface Actual {
  readonly projectNumber: string;
  /** Of an API that is not enabled nothing else is known, and nothing can exist. */
  readonly apis: ReadonlySet<string>;
  readonly bucket: Bucket | undefined;
  /** By resource: see `Access.on`, and `topics/T`, `subscriptions/S`, `services/N`. */
  readonly bindings: ReadonlyMap<string, readonly Binding[]>;
  /** E-mail addresses, with whether deploy made them. */
  readonly accounts: ReadonlyMap<string, { readonly made: boolean }>;
  /** Custom roles that are costguard's by their ids, in every project and organization where they can be, by full name. */
  readonly roles: ReadonlyMap<string, ActualRole>;
  /** Full names of roles that can be neither made nor undeleted, as this run found out. */
  readonly blockedRoles: ReadonlySet<string>;
  /** Who holds the roles that an older deployment made with ids that installations share; undefined: it cannot be seen. */
  readonly holders: ReadonlyMap<string, readonly Holder[] | undefined>;
  /** By id. */
  readonly topics: ReadonlyMap<string, { readonly made: boolean }>;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  /** Functions by name. */
  readonly functions: ReadonlyMap<string, ActualFunction>;
  /** Functions that deploy made in other regions of the operations project: they share accounts, roles and topics. */
  readonly elsewhere: readonly { readonly name: string; readonly region: string }[];
  readonly jobs: ReadonlyMap<string, Job>;
  readonly alerts: readonly Alert[];
  /** By id. */
  readonly dashboards: ReadonlyMap<string, ActualDashboard>;
  /** What is there and cannot be read. */
  readonly unread: readonly Unread[];
  /** Above a folder or an organization; above a billing account where its custom roles are to be bound on it. */
  readonly organizationOf: (resource: string) => string | undefined;
  readonly billingRoles: BillingRoles;
}

export interface Bucket {
  readonly projectNumber: string;
  readonly versioning: boolean;
  readonly uniformAccess: boolean;
  readonly publicAccessPrevented: boolean;
}

export interface Binding {
  readonly role: string;
  readonly member: string;
  /** Absent for one that always applies. */
  readonly condition?: Condition | undefined;
}

/** A member that holds a role. */
export interface Holder {
  /** As in `Actual.bindings`. */
  readonly on: string;
  readonly member: string;
}

export interface ActualRole extends Role {
  readonly deleted: boolean;
}

export interface Subscription {
  /** Id of the topic. */
  readonly topic: string;
  readonly made: boolean;
  /** RESOURCE_ERROR: what it pushes to cannot be reached, and messages wait. */
  readonly state: string;
  readonly ackDeadlineSeconds: number;
  /** How long a message that is not acknowledged is kept. */
  readonly retentionSeconds: number;
  /** The subscription itself is deleted after so long without activity, such as `2678400s`; undefined for never. */
  readonly expiresAfter: string | undefined;
  /** Full name, and how many deliveries come before it. */
  readonly deadLetterTopic: string | undefined;
  readonly deliveryAttempts: number | undefined;
  /** `10s` to `600s`; undefined for at once. */
  readonly retryDelays: string | undefined;
}

export interface ActualFunction {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly url: string | undefined;
  readonly updateTime: string | undefined;
  /** What `deploy` can set, in its words: see `settingsOf` in plan-functions.ts. */
  readonly settings: Readonly<Record<string, string>>;
  readonly runtime: string;
  /** Full name of its Pub/Sub subscription. */
  readonly subscription: string | undefined;
}

export interface Job {
  readonly made: boolean;
  readonly schedule: string;
  readonly timeZone: string;
  /** Id of the topic. */
  readonly topic: string;
  readonly body: string;
  readonly paused: boolean;
}

export interface ActualDashboard {
  readonly made: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Of this very content: an update of another one is refused. */
  readonly etag: string;
}

export interface Alert {
  /** Full name. */
  readonly name: string;
  readonly displayName: string;
  readonly made: boolean;
  readonly filter: string;
  readonly channels: readonly string[];
}
