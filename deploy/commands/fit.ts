import type { Report } from '../../functions/cost-estimator/decide.ts';
import { tiersOf } from '../../functions/cost-estimator/report/fit-tiers.ts';
import { gibText, priceText } from '../../functions/cost-estimator/report/wording.ts';
import { FIT_PARAMETERS } from '../../functions/cost-estimator/request/fit-request.ts';
import { planningCommand, textTable, type Output } from './planning.ts';

const usage = `Usage: npm run fit -- --parameters 8e9 | --size-gb GB --size-precision bf16 | --layers N --hidden N [--heads N] [--kv-heads N]
       [--task full|lora|qlora|pretrain|inference] [--precision P] [--optimizer adam|adam-8bit|sgd] [--batch N] [--context N]
       [--sharding none|zero2|zero3|tensor] [--recompute none|selective|full] [--offload none|optimizer|all] [--rank N]
       [--vocabulary N] [--tokens N] [--tflops N] [--region REGION] [--rule seed] [--format json]

The memory that a model takes, and the cheapest machines that it fits. It makes no request: prices come from shared/prices/books/.
Exit code: 0 answered, 2 wrong usage.
`;

/** The command; answers its exit code, as the usage says. */
export async function fitCommand(args: readonly string[], now: Date, output: Output): Promise<number> {
  const parameters = FIT_PARAMETERS.filter((name) => name !== 'table');
  return planningCommand({ usage, path: '/fit', parameters, tables }, args, now, output);
}

function tables(report: Report): string {
  if (report.kind !== 'fit') return '';
  const { memory, seedRule, notes, assumed } = report;
  const bounds = `${gibText(memory.lowBytes)} at least, ${gibText(memory.expectedBytes)} expected, ${gibText(memory.upperBytes)} at most`;
  const parts = textTable(
    ['memory on one GPU', 'GiB', 'formula'],
    memory.parts.map(({ name, bytes, formula }) => [name, gibText(bytes), formula]),
  );
  const machines = textTable(
    ['machine', 'GPUs', 'verdict', 'an hour', 'a run'],
    tiersOf(report).map(({ machineType, nodes, gpu, gpusPerNode, verdict, usdPerHour, run }) => [
      nodes === 1 ? machineType : `${nodes} x ${machineType}`,
      `${gpusPerNode} x ${gpu}`,
      verdict,
      priceText(usdPerHour),
      run === undefined ? '' : priceText(run.usd),
    ]),
  );
  const rule = `Rule of thumb, size × 4: ${seedRule.needGb.toFixed(1)} GB, ${seedRule.machineType ?? 'no machine'}: ${seedRule.verdict}, ${seedRule.why}`;
  const said = [...notes, rule, ...assumed.map((text) => `Assumed: ${text}`)];
  return `${bounds}\n\n${parts}\n${machines}\n${said.map((text) => `${text}\n`).join('')}`;
}

if (import.meta.main)
  process.exitCode = await fitCommand(process.argv.slice(2), new Date(), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
