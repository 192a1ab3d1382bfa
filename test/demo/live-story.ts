import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { installFunction, type InstalledFunction } from '../support/install-function.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { readScenario } from '../sandbox/scenario.ts';
import { clockText, headline } from './headline.ts';
import { beside, indent, renderTable } from './table.ts';
import { receiptsOfTick } from './tick.ts';

const MINUTE_MS = 60_000;

const PROJECT = 'ml-burst';
const OPERATIONS = 'ml-burst-ops';
const BUCKET = 'ml-burst-ops-costguard';

/** Long enough for reports from which lag and factor can be told. */
const CALM_MS = 12 * 60 * MINUTE_MS;
const CALM_STEP_MS = 30 * MINUTE_MS;

/** spend-watch looks every five minutes, the switch two minutes later. */
const LOOK_MS = 3 * MINUTE_MS;
const SWITCH_MS = 2 * MINUTE_MS;

/** The fleet spends the budget's rest in less. */
const MAX_MS = 3 * 60 * MINUTE_MS;

/** What a run of this story showed. */
export interface LiveStory {
  /** Of the budget, by the last message before the stop. */
  readonly reportedShare: number;
  /** Of the budget, when the stop was carried out. */
  readonly trueShare: number;
  /** Minutes between the stop and the first message that reports as much. */
  readonly aheadMinutes: number;
  readonly stopped: readonly string[];
  readonly isLinked: boolean;
}

/** The story of the estimate: a runaway that is stopped while the budget's messages still tell of yesterday's calm. */
export async function tellLiveStory(): Promise<LiveStory> {
  const sandbox = await startSandbox({ scenario: readScenario(local('../sandbox/scenarios/burst.yaml')) });
  const opened: { close(): Promise<void> }[] = [sandbox];
  try {
    const options = {
      operationsProject: OPERATIONS,
      policyText: readFileSync(local('burst.costguard.yaml'), 'utf8'),
    };
    const watch = await installFunction(sandbox, { ...options, name: 'spend-watch' });
    opened.push(watch);
    const killSwitch = await installFunction(sandbox, { ...options, name: 'budget-kill-switch' });
    opened.push(killSwitch);
    return await play(sandbox, watch, killSwitch);
  } finally {
    for (const one of opened.reverse()) await one.close();
  }
}

async function play(
  sandbox: Sandbox,
  watch: InstalledFunction,
  killSwitch: InstalledFunction,
): Promise<LiveStory> {
  const { clock, fleet } = sandbox;
  headline(
    sandbox,
    `Ahead of billing, in a sandbox of its own: ${PROJECT} may spend $1,000 a month, and spend-watch looks.`,
  );
  for (const endMs = clock.now() + CALM_MS; clock.now() < endMs;) {
    await clock.advance(CALM_STEP_MS);
    await watch.tick();
  }
  for (const vm of fleet.vmsOf(PROJECT).filter(({ name }) => name.startsWith('pretrain')))
    fleet.startVm(`projects/${PROJECT}/zones/us-central1-a/instances/${vm.name}`);
  console.log(`${clockText(clock.now())}  A user starts 8 x a3-highgpu-8g. A line for each look:\n`);

  const rows: string[][] = [];
  let stopped: readonly string[] = [];
  let [trueUsd, usdPerHour] = [0, 0];
  // A message between two looks fires by the estimate, too.
  let told = alertsOf(killSwitch).length;
  for (const endMs = clock.now() + MAX_MS; clock.now() < endMs && stopped.length === 0;) {
    await clock.advance(LOOK_MS);
    const [look = '{}'] = await receiptsOfTick(sandbox, watch, BUCKET);
    await clock.advance(SWITCH_MS);
    trueUsd = sandbox.billingClock.spendOf(PROJECT);
    usdPerHour = sandbox.billingClock.usdPerHour(PROJECT);
    await killSwitch.tick();
    stopped = stoppedBy(killSwitch);
    const fired = alertsOf(killSwitch).slice(told);
    told += fired.length;
    rows.push([
      clockText(clock.now()),
      usd(reported(sandbox)),
      ...estimateOf(look),
      usd(trueUsd),
      fired.map((alert) => /^(\S+) fires/.exec(alert)?.[1] ?? 'notify').join(', '),
    ]);
  }
  console.log(
    renderTable(
      [
        { heading: 'TIME', width: 16 },
        { heading: 'MESSAGES SAY', width: 12, align: 'right' },
        { heading: 'AT LEAST', width: 8, align: 'right' },
        { heading: 'EXPECTED', width: 8, align: 'right' },
        { heading: 'TRUE', width: 7, align: 'right' },
        { heading: 'FIRES', width: 16 },
      ],
      rows,
    ),
  );
  if (stopped.length === 0) throw new Error('Cannot tell the story: the switch stopped nothing');
  const stopMs = clock.now();
  const reportedUsd = reported(sandbox);
  console.log(
    `\n${beside(clockText(stopMs), alertsOf(killSwitch).at(-1) ?? '')}\n\n${indent(`stopped: ${stopped.join(', ')}`, 0)}`,
  );

  while (reported(sandbox) < trueUsd * 0.999 && clock.now() < stopMs + MAX_MS) {
    await clock.advance(LOOK_MS + SWITCH_MS);
    await sandbox.pubsub.idle();
  }
  const aheadMinutes = Math.round((clock.now() - stopMs) / MINUTE_MS);
  console.log(
    `\n${beside(
      clockText(clock.now()),
      `Only now do the messages report ${usd(reported(sandbox))}: ${aheadMinutes} minutes later, and at $${Math.round(usdPerHour)} an hour that would have been ${usd((aheadMinutes / 60) * usdPerHour)} more.`,
    )}`,
  );
  return {
    reportedShare: reportedUsd / 1_000,
    trueShare: trueUsd / 1_000,
    aheadMinutes,
    stopped,
    isLinked: sandbox.billing.links.enabled(PROJECT),
  };
}

const alertSchema = z.looseObject({ alert: z.literal('budget-rung'), message: z.string() });
const decisionSchema = z.looseObject({
  decision: z.looseObject({ action: z.literal('stop'), outcome: z.literal('done'), resource: z.string() }),
});
const lookSchema = z.looseObject({
  decisions: z.array(
    z.looseObject({
      evidence: z.looseObject({
        budgets: z.array(z.looseObject({ spendUsd: z.object({ low: z.number(), expected: z.number() }) })),
      }),
    }),
  ),
}); // prettier-ignore

function stoppedBy({ lines }: InstalledFunction): readonly string[] {
  return lines.flatMap((line) => {
    const read = decisionSchema.safeParse(line);
    return read.success ? [read.data.decision.resource.split('/').at(-1) ?? ''] : [];
  });
}

/** What the switch wrote of rungs that fired: `stop-compute fires on …`. */
function alertsOf({ lines }: InstalledFunction): readonly string[] {
  return lines.flatMap((line) => {
    const read = alertSchema.safeParse(line);
    return read.success ? [read.data.message] : [];
  });
}

/** What Cloud Billing's last message said, USD. */
function reported(sandbox: Sandbox): number {
  const cost = sandbox.billingClock.published.at(-1)?.notification.data['costAmount'];
  return typeof cost === 'number' ? cost : NaN;
}

/** What a look's receipt says was spent by then, at the least and as expected. */
function estimateOf(receipt: string): readonly string[] {
  const { decisions } = lookSchema.parse(JSON.parse(receipt));
  const spend = decisions[0]?.evidence.budgets[0]?.spendUsd;
  return spend === undefined ? ['unknown', 'unknown'] : [usd(spend.low), usd(spend.expected)];
}

function usd(amount: number): string {
  return `$${Math.round(amount).toLocaleString('en-US')}`;
}

function local(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
