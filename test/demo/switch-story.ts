import { z } from 'zod';
import type { Policy } from '../../shared/policy/policy.ts';
import type { InstalledFunction, InstalledService } from '../support/install-function.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { claim } from './claim.ts';
import { clockText, headline } from './headline.ts';
import { callRestore, showResults } from './restore-call.ts';
import { showStates, states } from './switch-states.ts';
import { beside } from './table.ts';
import { whileTimeFlies } from './while-time-flies.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 10 * MINUTE_MS;

/** The runaway project passes 120 % within this time. */
const MAX_MS = 16 * 60 * MINUTE_MS;

const PROJECT = 'ml-runaway';

type Ladder = NonNullable<Policy['budgets']>['ladder'];

/** The kill switch's story: spend rises past every rung, the ladder answers, and the restore brings everything back. */
export async function tellSwitchStory(
  sandbox: Sandbox,
  killSwitch: InstalledFunction,
  restore: InstalledService,
  ladder: Ladder,
): Promise<void> {
  const [budget] = sandbox.scenario.billing.budgets.filter((known) => known.projects.includes(PROJECT));
  if (budget === undefined)
    throw new Error(`Cannot tell the story: the scenario has no budget for ${PROJECT}`);
  headline(
    sandbox,
    `Now the kill switch. ${PROJECT} spends ${rate(sandbox)}; its budget is $${budget.usd} a month.`,
  );
  const before = states(sandbox, PROJECT);
  const fired = await fireDueRungs(sandbox, killSwitch, ladder);
  claimOnce(fired, ladder);
  // Without billing, Google stops what still runs.
  await sandbox.clock.advance(5 * MINUTE_MS);
  showStates(PROJECT, before, states(sandbox, PROJECT), 'BEFORE', 'AFTER THE LADDER');
  console.log(`\n${PROJECT} now spends ${rate(sandbox)}; ${fired.length} rungs have fired, each once.`);
  claim(sandbox.billingClock.usdPerHour(PROJECT) < 1, 'the project spends next to nothing then');

  headline(sandbox, 'An operator requests everything back: GET shows the plan, POST carries it out.');
  console.log(showResults(await callRestore(sandbox, restore, budget.name)));
  await sandbox.clock.advance(5 * MINUTE_MS);
  const restored = states(sandbox, PROJECT);
  showStates(PROJECT, before, restored, 'BEFORE', 'AFTER THE RESTORE');
  claimBack(before, restored);
}

/** Each rung fires, and none twice. */
export function claimOnce(fired: readonly string[], ladder: readonly Pick<Ladder[number], 'do'>[]): void {
  for (const { do: rung } of ladder) {
    const times = fired.filter((one) => one === rung).length;
    claim(times === 1, `${rung} fires once: it fired ${times} times`);
  }
}

/** All is as it was, but for jobs, which do not come back. */
export function claimBack(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  for (const [name, state] of before)
    if (after.get(name) !== 'CANCELLED')
      claim(after.get(name) === state, `${name} is ${state} again: it is ${after.get(name) ?? 'gone'}`);
}

/** Lets time pass until each rung has fired, says what each one did when it does, and gives the rungs that fired, each time that one did. */
async function fireDueRungs(
  sandbox: Sandbox,
  killSwitch: InstalledFunction,
  ladder: Ladder,
): Promise<readonly string[]> {
  const rungs = new Set<string>(ladder.map((rung) => rung.do));
  const fired: string[] = [];
  let told = killSwitch.lines.length;
  const untilMs = sandbox.clock.now() + MAX_MS;
  while (new Set(fired).size < rungs.size && sandbox.clock.now() < untilMs) {
    await sandbox.clock.advance(STEP_MS);
    await whileTimeFlies(sandbox, () => sandbox.pubsub.idle());
    for (const line of killSwitch.lines.slice(told)) {
      const alert = alertSchema.safeParse(line);
      const decision = decisionSchema.safeParse(line);
      if (alert.success) console.log(beside(clockText(sandbox.clock.now()), alert.data.message));
      if (!decision.success) continue;
      const { action, outcome, resource } = decision.data.decision;
      if (!rungs.has(action))
        console.log(beside('', `${action} (${outcome}): ${resource.replace(/^projects\/[^/]+\//, '')}`));
      else if (outcome === 'done') fired.push(action);
    }
    told = killSwitch.lines.length;
  }
  return fired;
}

const alertSchema = z.looseObject({ alert: z.literal('budget-rung'), message: z.string() });
const decisionSchema = z.looseObject({
  decision: z.looseObject({ action: z.string(), outcome: z.string(), resource: z.string() }),
});

function rate(sandbox: Sandbox): string {
  return `about $${Math.round(sandbox.billingClock.usdPerHour(PROJECT))} an hour`;
}
