import type { EgressReport } from '../../functions/egress-auditor/report/report.ts';
import { hung } from '../../deploy/commands/terminal-lines.ts';
import { claim } from './claim.ts';
import { headline, type Timed } from './headline.ts';
import type { UsdPerMonth } from '../../shared/prices/money.ts';

/** The egress auditor's story: what the runaway project sends where, and which mistakes are behind it. */
export async function tellEgressStory(sandbox: Timed, url: string): Promise<void> {
  headline(sandbox, 'Where does the egress money go? The auditor answers from metrics.');
  const response = await fetch(`${url}&format=json`);
  if (!response.ok) throw new Error(`The report is a ${response.status}: ${await response.text()}`);
  const report = (await response.json()) as EgressReport;
  console.log(`${report.project}: ${show(report.headline.usdPerMonth)} a month at list prices.`);
  claim(report.findings.length > 0, 'the auditor finds a placement mistake');
  for (const { title, usdPerMonth } of report.findings)
    console.log(hung(`${show(usdPerMonth)}: `, title).join('\n'));
}

function show(cost: UsdPerMonth): string {
  if (cost === 'unpriced') return cost;
  const [low, high] = [Math.round(cost.low), Math.round(cost.high)];
  return low === high ? `$${low}` : `$${low} to $${high}`;
}
