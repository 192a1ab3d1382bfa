import type { Clock } from './clock/clock.ts';
import type { Route } from './http/route.ts';
import type { Hierarchy } from './iam/hierarchy.ts';
import type { Iam } from './iam/iam.ts';
import type { Tokens } from './iam/tokens.ts';
import type { Scenario } from './scenario.ts';

/**
 * A service of the sandbox: what `services/<name>/index.ts` exports, and `sandbox.ts` lists. `Acts` is its state with what
 * tests do to it; a sandbox has it under the same names.
 */
export interface Service<Acts extends object = object> {
  /** Its folder. */
  readonly name: string;
  /** Called once for each sandbox: in the order of the list, or when another service needs it earlier. */
  create(context: Context): Acts;
  /** Called once all services are created. */
  routes(acts: Acts, context: Context): readonly Route[];
  close?(acts: Acts): void | Promise<void>;
}

/** What a service is made from. */
export interface Context {
  readonly scenario: Scenario;
  /** Where relative times of the scenario count from. */
  readonly startMs: number;
  readonly clock: Clock;
  readonly hierarchy: Hierarchy;
  readonly iam: Iam;
  readonly tokens: Tokens;
  /** For files that belong to this sandbox; removed with it. */
  readonly folder: string;
  /** Path of the certificate authority, PEM. */
  readonly caFile: string;
  /** Where other processes read the clock. */
  readonly clockFile: string;
  /** Of the server; known once all services are created. */
  readonly port: () => number;
  /** See `SandboxOptions`. */
  readonly showsPurgedRoles: boolean;
  /** Another service of the same sandbox; one that needs this one as well is reached when it is called, not on creation. */
  readonly of: <Acts extends object>(service: Service<Acts>) => Acts;
}

/** The acts of all services of a list. */
export type ActsOf<Services extends readonly Service[]> = Intersection<
  { [Index in keyof Services]: ReturnType<Services[Index]['create']> }[number]
>;

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/** Creates the services of a list, each once and after those that it needs. */
export function createServices<const Services extends readonly Service[]>(
  services: Services,
  base: Omit<Context, 'of'>,
): { readonly acts: ActsOf<Services>; readonly routes: readonly Route[]; close(): Promise<void> } {
  const created = new Map<Service, object>();
  const underWay: string[] = [];
  const of = <Acts extends object>(service: Service<Acts>): Acts => {
    const present = created.get(service);
    if (present !== undefined) return present as Acts;
    if (underWay.includes(service.name))
      throw new Error(
        `Cannot create "${service.name}": it needs itself, ${[...underWay, service.name].join(' > ')}`,
      );
    underWay.push(service.name);
    const acts = service.create(context);
    underWay.pop();
    created.set(service, acts);
    return acts;
  };
  const context: Context = { ...base, of };
  const acts = Object.assign({}, ...services.map((service) => of(service))) as ActsOf<Services>;
  return {
    acts,
    routes: services.flatMap((service) => service.routes(of(service), context)),
    async close() {
      for (const service of services) await service.close?.(of(service));
    },
  };
}
