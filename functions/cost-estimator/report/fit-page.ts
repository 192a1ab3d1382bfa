import { tag, type Child, type Markup } from '../../../shared/report/markup.ts';
import { countText, momentText } from '../../../shared/report/numbers.ts';
import { headline, label, notice, oldPricesNotice, type Stat } from '../../../shared/report/page-parts.ts';
import { type Html, renderPage } from '../../../shared/report/page.ts';
import { sortableTable, type TableColumn } from '../../../shared/report/sortable-table.ts';
import { wholeText } from '../../../shared/report/text.ts';
import { type FitReport } from '../decide.ts';
import { billions } from '../fit/model.ts';
import type { Tier } from '../fit/tiers.ts';
import { tiersOf } from './fit-tiers.ts';
import { fitForm } from './forms.ts';
import { bookTable } from './tables.ts';
import { gibText, priceFigure, priceKey, priceText } from './wording.ts';

const TASKS: Readonly<Record<FitReport['job']['task'], string>> = {
  full: 'a full fine-tune',
  lora: 'LoRA',
  qlora: 'QLoRA',
  pretrain: 'pre-training',
  inference: 'inference',
};

/** The machines for a model as a page for people. */
export function renderFit(report: FitReport, fields: Readonly<Record<string, unknown>>): Html {
  const { job, region, generatedAt } = report;
  return renderPage({
    kind: 'fit',
    title: `Where ${billions(job.model.parameters)} parameters fit`,
    subtitle: `${TASKS[job.task]}, ${job.precision}, ${job.batch} x ${countText(job.context)} tokens, in ${region}`,
    form: true,
    top: [headline(amountOf(report), aboutOf(report), statsOf(report)), ...noticesOf(report)],
    sections: [
      {
        id: 'machines',
        title: 'Machines',
        lead: 'The cheapest of each kind of GPU, on demand. Tight: what is expected fits, the upper bound does not.',
        content: [tierTable(tiersOf(report))],
      },
      { id: 'memory', title: 'Where the memory goes', content: [partTable(report)] },
      { id: 'form', title: 'Another model', content: [fitForm(fields)] },
      { id: 'prices', title: 'Price books', content: [bookTable(report)] },
    ],
    footer: `Made at ${momentText(generatedAt)}. The same answer as JSON or CSV: request format=json or format=csv. What a run costs: /.`,
  });
}

function amountOf({ fits, sharded, rule, seedRule }: FitReport): Child {
  if (rule === 'seed') return seedRule.machineType ?? 'no machine';
  const best = bestOf({ fits, sharded });
  if (best === undefined) return 'no machine';
  return best.nodes === 1 ? best.machineType : `${best.nodes} x ${best.machineType}`;
}

/** What it is split over is there where nothing that fits can be had. */
const bestOf = ({ fits, sharded }: Pick<FitReport, 'fits' | 'sharded'>): Tier | undefined =>
  sharded[0] ?? fits[0];

function aboutOf({ fits, sharded, rule, seedRule }: FitReport): Child {
  if (rule === 'seed')
    return `by the rule of thumb, ${seedRule.needGb.toFixed(1)} GB: size × 4; ${seedRule.verdict}: ${seedRule.why}`;
  const best = bestOf({ fits, sharded });
  if (best === undefined) return 'nothing has as much memory';
  const price = `${priceText(best.usdPerHour)} an hour on demand`;
  return !sharded.includes(best)
    ? `is the cheapest that it fits, ${price}`
    : `when it is split over ${best.memory.gpus} GPUs, ${price}`;
}

function statsOf({ memory, nextUp, seedRule }: FitReport): readonly Stat[] {
  return [
    { label: 'At least, on one GPU', value: gibText(memory.lowBytes), note: 'states and cache' },
    { label: 'Expected', value: gibText(memory.expectedBytes), note: 'with activations and context' },
    { label: 'Upper bound', value: gibText(memory.upperBytes), note: 'with 20 % for the allocator' },
    {
      label: 'Next size up',
      value: nextUp?.machineType ?? '–',
      ...(nextUp === undefined ? {} : { note: `${priceText(nextUp.usdPerHour)} an hour` }),
    },
    {
      label: 'Rule of thumb: size × 4',
      value: `${seedRule.needGb.toFixed(1)} GB`,
      note: `${seedRule.machineType ?? 'no machine'}: ${seedRule.verdict}`,
    },
  ];
}

function noticesOf(report: FitReport): readonly Markup[] {
  const { assumed, notes, oldPrices } = report;
  return [
    ...oldPricesNotice(oldPrices),
    ...notes.map((text) => notice('warn', 'It does not fit as requested', text, [])),
    notice('plain', 'What was assumed', undefined, assumed),
  ];
}

function partTable({ memory }: FitReport): Markup {
  return sortableTable({
    caption: 'Parts of the memory of one GPU',
    rows: memory.parts,
    empty: 'Nothing takes memory.',
    columns: [
      { title: 'Part', kind: 'text', cell: ({ name }) => name },
      { title: 'GiB', kind: 'number', key: ({ bytes }) => bytes, cell: ({ bytes }) => gibText(bytes) },
      { title: 'Formula', kind: 'text', wide: true, cell: ({ formula }) => wholeText(formula) },
    ],
  });
}

function tierTable(tiers: readonly Tier[]): Markup {
  return sortableTable<Tier>({
    caption: 'Machines that the job fits, the cheapest first',
    rows: tiers,
    empty: 'No machine of this region has enough memory.',
    // What it costs stands beside its name: a phone shows some columns, and scrolls to the rest.
    columns: [machineColumn, hourColumn, verdictColumn, runColumn, ...memoryColumns],
  });
}

const machineColumn: TableColumn<Tier> = {
  title: 'Machine',
  kind: 'text',
  cell: ({ machineType, gpu, gpusPerNode, nodes }) => [
    nodes === 1 ? machineType : `${nodes} x ${machineType}`,
    tag('small', {}, `${gpusPerNode} x ${gpu}`),
  ],
};

const verdictColumn: TableColumn<Tier> = {
  title: 'Verdict',
  kind: 'text',
  key: ({ verdict }) => verdict,
  cell: ({ verdict, soldOnDemand }) => [
    verdict === 'fits' ? 'fits' : label('tight', 'warn'),
    soldOnDemand ? undefined : tag('small', {}, 'not on demand'),
  ],
};

const memoryColumns: readonly TableColumn<Tier>[] = [
  {
    title: 'Needs',
    kind: 'number',
    key: ({ memory }) => memory.upperBytes,
    cell: ({ memory }) => gibText(memory.upperBytes),
  },
  {
    title: 'Has',
    kind: 'number',
    key: ({ usableMibPerGpu }) => usableMibPerGpu,
    cell: ({ usableMibPerGpu }) => gibText(usableMibPerGpu * 2 ** 20),
  },
];

const hourColumn: TableColumn<Tier> = {
  title: 'An hour',
  kind: 'number',
  key: ({ usdPerHour }) => priceKey(usdPerHour),
  cell: ({ usdPerHour }) => priceFigure(usdPerHour),
};

const runColumn: TableColumn<Tier> = {
  title: 'A run',
  kind: 'number',
  key: ({ run }) => (run === undefined ? undefined : priceKey(run.usd)),
  cell: ({ run }) =>
    run === undefined
      ? ''
      : [
          priceFigure(run.usd),
          tag('small', {}, `${countText(round(run.hours.low))} to ${countText(round(run.hours.high))} h`),
        ],
};

const round = (hours: number): number => Number(hours.toPrecision(3));
