import { expect, it } from 'vitest';
import type { Firing } from '../../../../functions/budget-kill-switch/ladder/fire.ts';
import { sayGrace } from '../../../../functions/budget-kill-switch/ladder/grace.ts';
import type { RungAction } from '../../../../shared/policy/policy.ts';
import type { Decision } from '../../../../shared/run/receipt.ts';
import type { RunningResource } from '../../../../shared/resources/kind.ts';
import { running } from '../../../support/running-resource.ts';

type Found = Parameters<typeof sayGrace>[3];

const NOTHING: Found = { running: [], burning: [], complete: true };
const NOTEBOOK = {
  kind: 'notebook',
  resource: 'projects/ml-dev/locations/us-central1-a/instances/nb-1',
  cost: { usd: 'unpriced', why: 'no price' },
  fate: { kind: 'stoppable', record: {} },
} as unknown as Found['running'][number];

/** What is said of what runs, and what the receipt has of it. */
function all(action: RungAction, found: Found) {
  const kept: Decision[] = [];
  const added: Decision[] = [];
  let text = '';
  let fields: object = {};
  sayGrace(
    {
      run: {
        log(_: string, line: string, more: object) {
          text = line.replace(/^.*?; /, '');
          fields = more;
        },
        projectId: 'ml-dev',
        runId: 'r',
      },
      due: { budget: { name: 'billingAccounts/A/budgets/B' } },
      receipt: {
        keep: (one: Decision) => void kept.push(one),
        add: (one: Decision) => void added.push(one),
      },
    } as unknown as Firing,
    { at: 1, do: action },
    { runId: 'r', sinceMs: 0, untilMs: 1 },
    found,
  );
  return { text, fields, kept, added };
}

function said(action: RungAction, found: Found): { readonly text: string; readonly evidence: string } {
  const { text, kept } = all(action, found);
  return { text, evidence: JSON.stringify(kept.at(-1)) };
}

it.each([
  ['stop-compute', NOTHING, 'nothing that burns runs'],
  ['stop-compute', { ...NOTHING, complete: false }, 'nothing was seen to run; not all could be looked at'],
  ['stop-notebooks', NOTHING, 'no notebook runs; other kinds were not looked at'],
  [
    'stop-notebooks',
    { ...NOTHING, complete: false },
    'nothing was seen to run; not all could be looked at; other kinds were not looked at',
  ],
  ['notify', NOTHING, 'what runs was not looked at'],
  [
    'unlink-billing',
    { ...NOTHING, foreign: 'it is linked to billingAccounts/X' },
    'what runs is not told: it is linked to billingAccounts/X',
  ],
] as const)('sayGrace says of %s with %j: %s', (action, found, text) => {
  expect(said(action, found).text).toBe(text);
});

it('sayGrace says that other kinds than the notebooks it lists were not looked at', () => {
  expect(said('stop-notebooks', { ...NOTHING, running: [NOTEBOOK] }).text).toMatch(
    /^1 run at .*instances\/nb-1; other kinds were not looked at$/,
  );
});

it('sayGrace counts nothing in the receipt where the project is linked to another account', () => {
  const { evidence } = said('unlink-billing', { ...NOTHING, foreign: 'it is linked to billingAccounts/X' });
  expect(evidence).not.toContain('running');
  expect(evidence).toContain('it is linked to billingAccounts/X');
});

it('sayGrace lists what runs and what no rung stops, worst first, with cost and command, in the log entry and in the receipt', () => {
  const at = (usd: number) => ({ usd: { low: usd, high: usd } }) as RunningResource['cost'];
  const vm = running('vm', { cost: at(2) });
  const kept = running('tpu', { cost: at(3), fate: { kind: 'named', why: 'label costguard-keep' } });
  const { fields, kept: decisions } = all('stop-compute', { ...NOTHING, running: [vm], burning: [kept] });
  expect(fields).toMatchObject({
    burning: '2 left burning $5.00/h',
    leftBurning: [
      { resource: kept.resource, cost: '$3.00/h', why: 'label costguard-keep', command: 'stop tpu' },
      {
        ...{ resource: vm.resource, cost: '$2.00/h', command: 'stop vm' },
        why: 'no rung is in force in the grace of a restore',
      },
    ],
  });
  expect(decisions.map(({ reason, evidence }) => [reason, evidence['command']])).toEqual([
    ['left-alone', 'stop tpu'],
    ['left-alone', 'stop vm'],
    ['grace', undefined],
  ]);
});

it('sayGrace stores a receipt where one log entry has no room for all', () => {
  const many = Array.from({ length: 203 }, (_, index) => running('vm', { resource: `vm-${index}` }));
  const { added, kept } = all('stop-compute', { ...NOTHING, running: many });
  expect(added).toMatchObject([{ reason: 'grace', outcome: 'already' }]);
  expect(kept).toHaveLength(203);
});
