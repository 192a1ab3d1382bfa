import type { EstimateReport, Report } from '../../functions/cost-estimator/decide.ts';
import { waysOf } from '../../functions/cost-estimator/report/comparison.ts';
import { priceText, rateText } from '../../functions/cost-estimator/report/wording.ts';
import { ESTIMATE_PARAMETERS } from '../../functions/cost-estimator/request/estimate-request.ts';
import { planningCommand, type Output } from './planning.ts';
import { paragraph, textTable } from './text-table.ts';

const usage = `Usage: npm run estimate -- --machine-type TYPE [options]

What a run costs at list prices, line by line, and the other ways to run it.
It makes no request: prices come from shared/prices/books/.
  --machine-type TYPE     such as n1-standard-8, n2-custom-8-16384
  --gpu-type GPU --gpu-count N
                          GPUs attached to n1, such as nvidia-tesla-t4
  --count N --hours H     machines (1), hours of the run (24)
  --region REGION         any for the cheapest (us-central1)
  --spot true             prices the run on Spot
  --where PLACE           compute, workbench, training or prediction
  --disk-gb GB --disk-type TYPE
  --storage-gb GB --storage-class CLASS
  --egress-gb GB --egress-to internet|australia|china|REGION
  --data-region REGION --data-gb GB
                          where the data is, and how much of it is read
  --restart-share 0.1     what a preemption makes a run do again
  --format json           the whole report
Exit code: 0 answered, 2 wrong usage, or there is no such machine: then it says
what is possible nearby.
`;

/** The command; answers its exit code, as the usage says. */
export async function estimateCommand(args: readonly string[], now: Date, output: Output): Promise<number> {
  const parameters = ESTIMATE_PARAMETERS.filter((name) => name !== 'table');
  return planningCommand({ usage, path: '/', parameters, tables }, args, now, output);
}

function tables(report: Report): string {
  if (report.kind !== 'estimate') return '';
  return `${linesTable(report)}\n${waysTable(report)}\n${report.notes.map(paragraph).join('')}`;
}

function linesTable({ chosen, region }: EstimateReport): string {
  const { perHour, perRun, perMonth } = chosen.totals;
  return textTable(
    [`${chosen.usage} in ${region}`, 'an hour', 'a run', 'a month', 'prices of'],
    [
      ...chosen.lines.map((line) => [
        line.what,
        line.perHour === undefined ? 'once' : priceText(line.perHour, rateText),
        priceText(line.perRun),
        priceText(line.perMonth),
        line.perRun.usd === 'unpriced' ? line.perRun.why : `${line.perRun.asOf}, ${line.perRun.mark}`,
      ]),
      ['total', priceText(perHour, rateText), priceText(perRun), priceText(perMonth), ''],
    ],
  );
}

function waysTable(report: EstimateReport): string {
  return textTable(
    ['other ways', 'where', 'a run', 'about'],
    waysOf(report).map(({ what, where, perRun, about }) => [what, where, priceText(perRun), about]),
  );
}

if (import.meta.main)
  process.exitCode = await estimateCommand(process.argv.slice(2), new Date(), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
