/** A rule that makes the sandbox fail. Rules are tried in order; the first that matches and fires wins. */
export interface FaultRule {
  /** Route id; `*` stands for any run of characters: `notebooks.instances.*`. */
  readonly route: string;
  /** Only calls whose path contains this. */
  readonly pathIncludes?: string;
  readonly fault: Fault;
  /** How many matching calls to let pass first. */
  readonly skip?: number;
  /** How many times it fires; without it, always. */
  readonly count?: number;
  /** 0 to 1, drawn from `seed`; 1 when absent. */
  readonly probability?: number;
  readonly seed?: number;
}

export type Fault =
  /** Answers at once without doing anything. */
  /** `reason` is that of google.rpc.ErrorInfo. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string;
      readonly reason?: string;
    }
  /**
   * Answers with a page of HTML, as Google's front end does for what a host does not serve; `after`: it has carried the call out.
   */
  | { readonly kind: 'html'; readonly status: number; readonly after?: boolean }
  /** Never answers; `after`: it has carried the call out. */
  | { readonly kind: 'timeout'; readonly after?: boolean }
  /** Closes the connection; `after`: it has carried the call out, so that only the answer is lost. */
  | { readonly kind: 'reset'; readonly after?: boolean }
  /** Answers rightly save for one field, such as `['instances', 0, 'labels']`; undefined leaves it out. */
  | { readonly kind: 'field'; readonly at: readonly (string | number)[]; readonly value?: unknown }
  /** Answers 200 with this body, and has done nothing; `after`: it has carried the call out. */
  | { readonly kind: 'body'; readonly body: string; readonly after?: boolean }
  /** Answers rightly, late. */
  | { readonly kind: 'latency'; readonly milliseconds: number };

export interface Faults {
  add(rule: FaultRule): void;
  clear(): void;
  /** The fault for this call, if any. */
  draw(routeId: string, path: string): Fault | undefined;
  readonly rules: readonly FaultRule[];
}

/** A body with the field of a fault changed; one that has no such place stays as it is. */
export function withField(body: unknown, { at, value }: Extract<Fault, { kind: 'field' }>): unknown {
  const changed: unknown = structuredClone(body);
  let place: unknown = changed;
  for (const step of at.slice(0, -1)) place = isRecord(place) ? place[String(step)] : undefined;
  const last = at.at(-1);
  if (isRecord(place) && last !== undefined) place[String(last)] = value;
  return changed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** mulberry32: a small seeded generator, so that a random failure can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function createFaults(): Faults {
  let active: { rule: FaultRule; seen: number; fired: number; random: () => number; pattern: RegExp }[] = [];
  return {
    add(rule) {
      const source = rule.route.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
      active.push({
        rule,
        seen: 0,
        fired: 0,
        random: seededRandom(rule.seed ?? 1),
        pattern: new RegExp(`^${source}$`),
      });
    },
    clear: () => void (active = []),
    draw(routeId, path) {
      for (const entry of active) {
        const { rule } = entry;
        if (!entry.pattern.test(routeId)) continue;
        if (rule.pathIncludes !== undefined && !path.includes(rule.pathIncludes)) continue;
        if (rule.count !== undefined && entry.fired >= rule.count) continue;
        if (entry.seen++ < (rule.skip ?? 0)) continue;
        if (rule.probability !== undefined && entry.random() >= rule.probability) continue;
        entry.fired += 1;
        return rule.fault;
      }
      return undefined;
    },
    get rules() {
      return active.map((entry) => entry.rule);
    },
  };
}
