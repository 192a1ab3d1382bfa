/**
 * What switch and restore have to do in the world of `owner-world.ts`, told once more in the plainest way: what each budget has taken
 * away, as it was before, and what is left of the owner's own changes.
 */
import type { RungAction } from '../../shared/policy/policy.ts';
import { BUDGETS } from './ladder-model.ts';
import {
  BUDGET_OF,
  PROJECT,
  TURN_MS,
  type ApiName,
  type BudgetIndex,
  type OwnerWorld,
  type Shape,
} from './owner-world.ts';

interface Taken {
  readonly before: Shape;
  readonly atMs: number;
  readonly rung: RungAction;
}

/** What the switch said last of a budget's rungs. */
interface Said {
  readonly key: string;
  readonly rungs: readonly RungAction[];
  readonly atMs: number;
}

/** For so long the switch's word counts. */
const SAID_MS = 30 * 60_000;

interface Grace {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** The budget's amount when the switch first saw the grace. */
  amount?: number;
}

interface ModelBudget {
  amount: number;
  /** The latest message; `share` is what it reached when it came. */
  last: { readonly cost: number; readonly key: string; readonly share: number } | undefined;
  /** Since when stop-compute is in force without a break. */
  heldSinceMs: number | undefined;
}

/** The project's link to billing, among what was taken. */
export const LINK = 'billing';

/** What a look has to do; `share` is what it goes by, and undefined where nothing is in force. */
export interface Looked {
  readonly changes: readonly string[];
  readonly share: number | undefined;
  readonly isInGrace: boolean;
}

export interface OwnerModel {
  readonly now: Map<string, Shape>;
  readonly away: ReadonlyMap<string, ReadonlyMap<string, Taken>>;
  /** Areas of which something was taken, by key. */
  readonly seen: ReadonlyMap<string, ReadonlySet<ApiName>>;
  keyOf(budget: BudgetIndex): string;
  message(budget: BudgetIndex, cost: number): ReadonlyMap<BudgetIndex, Looked>;
  tick(): ReadonlyMap<BudgetIndex, Looked>;
  raise(budget: BudgetIndex): number;
  /** Billing was unlinked by a look of the budget: whether it may be is for the caller to judge. */
  unlinked(budget: BudgetIndex): void;
  restore(key: string, graceHours: number, exists: boolean): readonly string[];
  /** What the owner did is there now; `startedMs` where it was started. */
  byHand(name: string, startedMs?: number): void;
  /** Billing or the project itself was turned off by hand. */
  allByHand(): void;
}

const PERIODS = { 0: ['2026-11-01', '2026-12-01'], 1: ['2026-10-01', '2026-10-01'] } as const;

const RUNGS = [
  [0.8, 'stop-notebooks'],
  [1, 'stop-compute'],
  [1.2, 'unlink-billing'],
] as const satisfies readonly (readonly [number, RungAction])[];

function budgetOf(key: string): BudgetIndex {
  return key.startsWith('0') ? 0 : 1;
}

export function isKeptName(name: string): boolean {
  return name.includes('-kept');
}

export function isRunning(shape: Shape): boolean {
  return shape['size'] === undefined
    ? shape['on'] === true || shape['some'] === true
    : Number(shape['size']) > 0;
}

export function isGroup(shape: Shape): boolean {
  return shape['size'] !== undefined;
}

/** Google tells of notebooks and VMs when they were started last. */
export function tellsStarts(name: string): boolean {
  return /^(?:nb|vm)-/.test(name);
}

export function apiOf(name: string): ApiName | undefined {
  if (name.startsWith('ws-')) return 'workstations.';
  if (name.startsWith('tpu-')) return 'tpu.';
  return /^(?:colab|hourly|models|job)/.test(name) ? 'aiplatform.' : undefined;
}

function isPool(name: string): boolean {
  return name.startsWith('gke-');
}

export function startOwnerModel(world: OwnerWorld): OwnerModel {
  const now = new Map(world.shapes());
  const away = new Map<string, Map<string, Taken>>();
  const seen = new Map<string, Set<ApiName>>();
  const graces = new Map<string, Grace>();
  const started = new Map<string, number>();
  const said = new Map<BudgetIndex, Said>();
  const budgets: Record<BudgetIndex, ModelBudget> = {
    0: { amount: 100, last: undefined, heldSinceMs: undefined },
    1: { amount: 100, last: undefined, heldSinceMs: undefined },
  };
  const clock = (): number => world.fake.world.nowMs;
  const keyOf = (budget: BudgetIndex): string => `${budget} ${PERIODS[budget][clock() >= TURN_MS ? 1 : 0]}`;
  const booksOf = (key: string): Map<string, Taken> => {
    const books = away.get(key) ?? new Map<string, Taken>();
    away.set(key, books);
    return books;
  };
  const isSeen = (name: string): boolean => {
    const api = apiOf(name);
    return api === undefined || !world.disabled.has(api);
  };
  const reaches = (): boolean => world.project().account !== '' && !world.isDeleted;

  /** Whether the rung by which something was taken is in force still, and no restore has opened a grace since. */
  const isInForce = (key: string, { rung }: Taken): boolean => {
    const word = said.get(budgetOf(key));
    return (
      word?.key === key &&
      word.rungs.includes(rung) &&
      clock() - word.atMs < SAID_MS &&
      word.atMs > (graces.get(key)?.sinceMs ?? 0)
    );
  };
  const freeSinceMs = (key: string): number =>
    Math.max(budgets[budgetOf(key)].heldSinceMs ?? 0, graces.get(key)?.sinceMs ?? 0);
  /** What other budgets and periods have taken of the same name, the last one last. */
  const others = (key: string, name: string): readonly (readonly [string, Taken])[] =>
    [...away]
      .flatMap(([other, books]): [string, Taken][] => {
        const taken = other === key ? undefined : books.get(name);
        return taken === undefined ? [] : [[other, taken]];
      })
      .sort(([, one], [, other]) => one.atMs - other.atMs);

  const take = (budget: BudgetIndex, name: string, found: Shape, rung: RungAction): void => {
    const key = keyOf(budget);
    const books = booksOf(key);
    const holders = others(key, name);
    const last = holders.at(-1)?.[1];
    const isFree = holders.every(
      (one) => !isInForce(...one) || freeSinceMs(one[0]) > (last?.atMs ?? Infinity),
    );
    const shape = last === undefined ? found : beforeOf(name, last.before, found, isFree);
    const prior = books.get(name);
    const before =
      prior === undefined ? shape : beforeOf(name, prior.before, shape, freeSinceMs(key) > prior.atMs);
    books.set(name, { before, atMs: clock(), rung });
    const api = apiOf(name);
    if (api !== undefined) seen.set(key, (seen.get(key) ?? new Set()).add(api));
  };

  const look = (budget: BudgetIndex): Looked | undefined => {
    const own = budgets[budget];
    const key = keyOf(budget);
    if (own.last?.key !== key) return undefined;
    const share = own.last.cost / own.amount;
    own.heldSinceMs = share >= 1 ? (own.heldSinceMs ?? clock()) : undefined;
    said.delete(budget);
    if (share < 0.8) return { changes: [], share: undefined, isInGrace: false };
    const grace = graces.get(key);
    if (grace !== undefined && clock() < grace.untilMs) {
      grace.amount ??= own.amount;
      if (own.amount <= grace.amount) return { changes: [], share, isInGrace: true };
    }
    said.set(budget, {
      key,
      rungs: RUNGS.flatMap(([at, rung]) => (share >= at ? [rung] : [])),
      atMs: clock(),
    });
    if (!reaches()) return { changes: [], share, isInGrace: false };
    const changes: string[] = [];
    for (const [name, shape] of now) {
      const covered = name.startsWith('nb-') || share >= 1;
      if (!covered || !isRunning(shape) || isKeptName(name) || !isSeen(name)) continue;
      take(budget, name, shape, name.startsWith('nb-') ? 'stop-notebooks' : 'stop-compute');
      changes.push(...stopChanges(name, shape));
      now.set(name, offShape(shape));
    }
    return { changes, share, isInGrace: false };
  };

  const allOff = (): void => {
    for (const [name, shape] of now)
      if (!isGroup(shape) && name !== 'models' && name !== 'hourly') now.set(name, { ...shape, on: false });
  };

  const back = (name: string, { before, atMs }: Taken): { changes: readonly string[]; isBack: boolean } => {
    const shape = now.get(name);
    const left = { changes: [], isBack: false };
    if (shape === undefined || !isSeen(name) || name.startsWith('job-')) return left;
    if (isGroup(shape)) return groupBack(now, name, shape, before);
    if (shape['on'] === true) return { changes: [], isBack: true };
    if (shape['suspended'] === true || (tellsStarts(name) && (started.get(name) ?? 0) > atMs)) return left;
    now.set(name, name === 'models' ? { on: true, some: true } : { on: true });
    started.set(name, clock());
    if (name === 'models')
      return { changes: ['model-1', 'model-2'].map((one) => `deployModel ${PROJECT}/${one}`), isBack: true };
    return { changes: [`${name === 'hourly' ? 'resume' : 'start'} ${PROJECT}/${name}`], isBack: true };
  };

  return {
    now,
    away,
    seen,
    keyOf,
    message(budget, cost) {
      budgets[budget].last = { cost, key: keyOf(budget), share: cost / budgets[budget].amount };
      const looked = look(budget);
      return new Map(looked === undefined ? [] : [[budget, looked]]);
    },
    tick() {
      // Each tick begins with another of the four allowed budgets.
      const first = Math.floor(clock() / 300_000) % BUDGETS.filter(({ allowed }) => allowed).length;
      const order = first === 1 ? ([1, 0] as const) : BUDGET_OF;
      const looks = new Map<BudgetIndex, Looked>();
      for (const budget of order) {
        const { last } = budgets[budget];
        const looked = last === undefined || last.share < 0.8 ? undefined : look(budget);
        if (looked !== undefined) looks.set(budget, looked);
      }
      return looks;
    },
    raise(budget) {
      return (budgets[budget].amount *= 2);
    },
    unlinked(budget) {
      for (const [name, shape] of now)
        if (isRunning(shape) && isSeen(name)) take(budget, name, shape, 'unlink-billing');
      booksOf(keyOf(budget)).set(LINK, { before: { on: true }, atMs: clock(), rung: 'unlink-billing' });
      allOff();
    },
    restore(key, graceHours, exists) {
      if (!exists || world.isDeleted) return [];
      graces.set(key, { sinceMs: clock(), untilMs: clock() + graceHours * 3_600_000 });
      const books = booksOf(key);
      const changes: string[] = [];
      const isHeld = (name: string): boolean => others(key, name).some((one) => isInForce(...one));
      if (isHeld(LINK)) return [];
      let isLinked = world.project().account !== '';
      if (books.delete(LINK)) {
        if (!isLinked) changes.push(`link ${PROJECT}`);
        isLinked = true;
      }
      if (!isLinked) return changes;
      for (const [name, taken] of [...books]) {
        if (isHeld(name)) continue;
        const done = back(name, taken);
        changes.push(...done.changes);
        if (done.isBack) books.delete(name);
      }
      return changes;
    },
    byHand(name, startedMs) {
      const shape = world.shapes().get(name);
      if (shape === undefined) now.delete(name);
      else now.set(name, shape);
      if (startedMs !== undefined) started.set(name, startedMs);
    },
    allByHand: allOff,
  };
}

/** To be as before the rung came into force; where the owner had a free hand since, as the owner left it, but for what the switch did. */
function beforeOf(name: string, before: Shape, shape: Shape, isFree: boolean): Shape {
  if (!isGroup(shape)) return shape;
  const scaled = before['scaled'] === true || (shape['scaled'] === true && (isFree || isPool(name)));
  return { size: Number(isFree ? shape['size'] : before['size']), scaled };
}

function offShape(shape: Shape): Shape {
  if (isGroup(shape)) return { size: 0, scaled: false };
  return shape['some'] === undefined ? { ...shape, on: false } : { on: false, some: false };
}

function stopChanges(name: string, shape: Shape): readonly string[] {
  const resource = `${PROJECT}/${name}`;
  if (isGroup(shape))
    return [...(shape['scaled'] === true ? [`fix ${resource}-scaler`] : []), `empty ${resource}`];
  if (name === 'models') return ['model-1', 'model-2'].map((one) => `undeployModel ${PROJECT}/${one}`);
  if (name === 'hourly') return [`pause ${resource}`];
  return [`${name.startsWith('job-') ? 'cancel' : 'stop'} ${resource}`];
}

/** What has another size by now is left, unless its autoscaler is on as it was, and what was scaled anew stays so. */
function groupBack(
  now: Map<string, Shape>,
  name: string,
  { size, scaled }: Shape,
  before: Shape,
): { changes: readonly string[]; isBack: boolean } {
  const resource = `${PROJECT}/${name}`;
  const isScaled = scaled === true && before['scaled'] === true;
  if (Number(size) > 0 && size !== before['size'] && !isScaled) return { changes: [], isBack: false };
  const scales = before['scaled'] === true && scaled !== true;
  now.set(name, {
    size: Number(size) === 0 ? Number(before['size']) : Number(size),
    scaled: scaled === true || scales,
  });
  return {
    changes: [
      ...(Number(size) === 0 ? [`fill ${resource}`] : []),
      ...(scales ? [`scale ${resource}-scaler`] : []),
    ],
    isBack: true,
  };
}
