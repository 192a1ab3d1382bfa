import type { FitReport, Report } from '../../functions/cost-estimator/decide.ts';
import { tiersOf } from '../../functions/cost-estimator/report/fit-tiers.ts';
import { usdText } from '../../shared/report/numbers.ts';
import { gibText, priceText } from '../../functions/cost-estimator/report/wording.ts';
import { FIT_PARAMETERS } from '../../functions/cost-estimator/request/fit-request.ts';
import { planningCommand, type Output } from './planning.ts';
import { paragraph, textTable } from './text-table.ts';

const usage = `Usage: npm run fit -- --parameters 8e9 [options]

The memory that a model takes, and the cheapest machines that it fits.
It makes no request: prices come from shared/prices/books/.
The model, by one of
  --parameters N          of a mixture of experts also --active-parameters N
  --size-gb GB --size-precision bf16|fp32|fp8|int8|int4
  --layers N --hidden N   besides --heads, --kv-heads, --head-size, --ffn,
                          --vocabulary, --tied-embeddings, --largest-layer
The job
  --task full|lora|qlora|pretrain|inference
  --precision P           training mixed, fp32, bf16;
                          inference bf16, fp32, fp8, int8, int4
  --optimizer adam|adam-8bit|sgd
  --batch N --context N   sequences on a GPU, tokens of each
  --sharding none|zero2|zero3|tensor
  --recompute none|selective|full
  --offload none|optimizer|all
  --rank N --group-size N of adapters, of 4-bit weights
  --tokens N --tflops N   of the run; what each GPU reaches
  --region REGION         (us-central1)
  --rule seed             the rule of thumb "size × 4" first
  --format json           the whole report
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
    ['memory on one GPU', 'takes', 'formula'],
    memory.parts.map(({ name, bytes, formula }) => [name, gibText(bytes), formula]),
  );
  const machines = textTable(
    ['machine', 'GPUs', 'verdict', 'an hour', 'a run'],
    tiersOf(report).map(({ machineType, nodes, gpu, gpusPerNode, verdict, usdPerHour, run }) => [
      nodes === 1 ? machineType : `${nodes} x ${machineType}`,
      `${gpusPerNode} x ${gpu.replace(/^nvidia-(?:tesla-)?/, '')}`,
      verdict,
      short(priceText(usdPerHour)),
      run === undefined ? '' : short(priceText(run.usd, wholeUsd)),
    ]),
  );
  const rule = `Rule of thumb, size × 4: ${ruleText(seedRule)}.`;
  const said = [...notes, rule, `Assumed: ${assumed.join('; ')}.`].map(paragraph).join('');
  const first = report.rule === 'seed' ? paragraph(rule) : '';
  return `${first}${bounds}\n\n${parts}\n${machines}\n${said}`;
}

function ruleText({ needGb, machineType, verdict, why }: FitReport['seedRule']): string {
  const need = `${needGb.toLocaleString('en-US', { maximumFractionDigits: 1 })} GB`;
  return machineType === undefined ? `${need}: ${why}` : `${need}, ${machineType}: ${verdict}; ${why}`;
}

const short = (text: string): string => text.replace('at least ', '≥ ');

/** Of a run that costs hundreds no one reads the cents. */
const wholeUsd = (usd: number): string =>
  usd < 100 ? usdText(usd) : `$${Math.round(usd).toLocaleString('en-US')}`;

if (import.meta.main)
  process.exitCode = await fitCommand(process.argv.slice(2), new Date(), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
