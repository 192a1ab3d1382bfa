/**
 * A month in which projects burn money, in memory: the true spend, spend-watch's ledgers of it, and messages that lag behind. The
 * switch sees the ledgers and the messages alone.
 */
import { guardBudget } from '../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../shared/run/handle-event.ts';
import { accrue } from '../../shared/spend/accrue.ts';
import { ledgerObject, parseLedger, printLedger, type Ledger } from '../../shared/spend/ledger.ts';
import type { FakeGoogle, FakeWorld } from './fake-google.ts';
import { BUDGETS, newWorld, wireOf, type ModelPolicy } from './ladder-model.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** November begins at midnight in Pacific time. */
const PERIOD_START = Date.parse('2026-11-01T07:00:00Z');
/** December begins, and November had 721 hours: the clocks changed on its first day. */
export const MONTH_END = Date.parse('2026-12-01T08:00:00Z');
const START = Date.parse('2026-11-18T21:42:00Z');
const LAG_MS = 10 * HOUR;

export const BUDGET = BUDGETS[0]?.name ?? '';
/** USD. */
export const AMOUNT = (BUDGETS[0]?.cents ?? 0) / 100;
const [, ACCOUNT = '', , ID = ''] = BUDGET.split('/');
export const MEMORY = `spend/${ACCOUNT}/${ID}/estimates.json`;
export const MESSAGES = `messages/${ACCOUNT}/${ID}.json`;

/** Every rung of the ladder, on estimates. */
export const LIVE_LADDER: ModelPolicy = {
  mode: 'enforce',
  basis: 'live',
  ladder: [
    { atPercent: 50, do: 'notify' },
    { atPercent: 80, do: 'stop-notebooks' },
    { atPercent: 100, do: 'stop-compute' },
    { atPercent: 120, do: 'unlink-billing' },
  ],
};

interface Burning {
  readonly resource: string;
  readonly project: string;
  readonly usdPerHour: number;
  readonly fromMs: number;
  toMs: number;
}

export interface LiveWorld {
  readonly fake: FakeGoogle;
  /** What the budget's projects have really spent by now, USD. */
  truth(atMs?: number): number;
  /** What a message would report now, USD. */
  reported(): number;
  /** When the history begins, after two thirds of a month. */
  readonly startMs: number;
  /** From now on a project burns so much more an hour, while its `vm-1` runs. */
  burn(project: string, usdPerHour: number): void;
  /** Time passes; what is off burns nothing. */
  pass(minutes: number): void;
  /** spend-watch looks at all projects; incomplete, it sees nothing of them. */
  look(complete?: boolean): void;
  /** The switch's tick. */
  tick(): Promise<void>;
  /** Cloud Billing's message: what was spent ten hours ago, unless it says otherwise. */
  message(usd?: number): Promise<void>;
  /** Five minutes, a look, two minutes more and a tick. */
  round(): Promise<void>;
  write(name: string, text: string): void;
  ledger(project: string): Ledger;
  lines(severity: string): readonly string[];
}

const PROJECTS = BUDGETS[0]?.projects ?? [];
const NUMBER_OF_LOOKS = 24;

/** Two thirds of a month at 6 cents an hour, three reports of it, and two looks just now. */
export async function startLive(fake: FakeGoogle): Promise<LiveWorld> {
  const world: FakeWorld = (fake.world = newWorld());
  const burning: Burning[] = [];
  let ids = 0;
  const truth: LiveWorld['truth'] = (atMs = world.nowMs) =>
    burning.reduce(
      (sum, { usdPerHour, fromMs, toMs }) =>
        sum + (usdPerHour * Math.max(0, Math.min(atMs, toMs) - fromMs)) / HOUR,
      0,
    );
  const isOn = (project: string): boolean =>
    world.projects.find(({ id }) => id === project)?.vms.get('vm-1') === true;
  const endStopped = (): void => {
    for (const one of burning) if (one.toMs === Infinity && !isOn(one.project)) one.toMs = world.nowMs;
  };
  const write: LiveWorld['write'] = (name, text) => {
    const generation = (world.objects.get(name)?.generation ?? 0) + 1;
    world.objects.set(name, { text, generation, updatedMs: world.nowMs });
  };
  const start = (project: string, usdPerHour: number, fromMs: number): void => {
    const resource = `projects/${project}/zones/us-central1-a/instances/burning-${++ids}`;
    burning.push({ resource, project, usdPerHour, fromMs, toMs: Infinity });
  };
  const deliver = async (data: string, attributes: Readonly<Record<string, string>>): Promise<void> => {
    const message = {
      data: Buffer.from(data).toString('base64'),
      attributes,
      messageId: String(++ids),
      publishTime: new Date(world.nowMs).toISOString(),
    };
    await handleEvent(
      fake.runtime,
      { id: message.messageId, source: '//pubsub.googleapis.com/projects/p/topics/t', data: { message } },
      guardBudget,
    );
    endStopped();
  };
  const live: LiveWorld = {
    fake,
    startMs: START,
    truth,
    reported() {
      const atMs = world.nowMs - LAG_MS;
      return world.nowMs < MONTH_END ? truth(atMs) : Math.max(0, truth(atMs) - truth(MONTH_END));
    },
    write,
    burn(project, usdPerHour) {
      start(project, usdPerHour, world.nowMs);
    },
    pass(minutes) {
      world.nowMs += minutes * MINUTE;
    },
    look(complete = true) {
      endStopped();
      for (const project of PROJECTS) {
        const read = parseLedger(project, world.objects.get(ledgerObject(project))?.text);
        if (read.kind === 'newer') continue;
        const runs = burning.filter((one) => one.project === project && one.toMs === Infinity);
        const resources = (complete ? runs : []).map(({ resource, usdPerHour: rate, fromMs }) => ({
          ...{ resource, kind: 'vm', startedMs: fromMs },
          rate: { low: rate, expected: rate, high: rate },
        }));
        const before = read.kind === 'ledger' ? read.ledger : undefined;
        write(
          ledgerObject(project),
          printLedger(accrue(before, { project, atMs: world.nowMs, resources, complete })),
        );
      }
    },
    tick: () => deliver('{}', {}),
    async message(usd = live.reported()) {
      const percent = (100 * usd) / AMOUNT;
      const { attributes, data } = wireOf({
        ...{ budget: 0, period: world.nowMs < MONTH_END ? 1 : 2, percent, namesThreshold: percent >= 10 },
        ...{ forecastPercent: undefined, amountPercent: 100, currency: 'USD' },
      });
      await deliver(JSON.stringify(data), attributes);
    },
    async round() {
      live.pass(5);
      live.look();
      live.pass(2);
      await live.tick();
      world.nowMs -= 2 * MINUTE;
    },
    ledger(project) {
      const read = parseLedger(project, world.objects.get(ledgerObject(project))?.text);
      if (read.kind !== 'ledger') throw new Error(`Cannot read the ledger of "${project}": ${read.why}`);
      return read.ledger;
    },
    lines: (severity) =>
      world.lines.flatMap((line) => {
        const entry = JSON.parse(line) as { readonly severity: string; readonly message: string };
        return entry.severity === severity ? [entry.message] : [];
      }),
  };
  start('ml-research', 0.06, PERIOD_START);
  world.nowMs = PERIOD_START;
  live.look();
  for (let n = NUMBER_OF_LOOKS; n > 0; n--) {
    world.nowMs = START - n * 15 * MINUTE;
    live.look();
    if (n % 8 === 0) await live.message();
  }
  world.nowMs = START;
  live.look();
  return live;
}
