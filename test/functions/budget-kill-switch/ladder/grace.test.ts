import { expect, it } from 'vitest';
import type { Firing } from '../../../../functions/budget-kill-switch/ladder/fire.ts';
import { sayGrace } from '../../../../functions/budget-kill-switch/ladder/grace.ts';
import type { RungAction } from '../../../../shared/policy/policy.ts';

type Found = Parameters<typeof sayGrace>[3];

const NOTHING: Found = { running: [], burning: [], complete: true };
const NOTEBOOK = {
  kind: 'notebook',
  resource: 'projects/ml-dev/locations/us-central1-a/instances/nb-1',
  cost: { usd: 'unpriced', why: 'no price' },
  fate: { kind: 'stoppable', record: {} },
} as unknown as Found['running'][number];

/** What is said of what runs, and what the receipt has of it. */
function said(action: RungAction, found: Found): { readonly text: string; readonly evidence: string } {
  let text = '';
  let evidence = '';
  sayGrace(
    {
      run: {
        log: (_: string, line: string) => void (text = line.replace(/^.*?; /, '')),
        projectId: 'ml-dev',
        runId: 'r',
      },
      due: { budget: { name: 'billingAccounts/A/budgets/B' } },
      receipt: { keep: (one: unknown) => void (evidence = JSON.stringify(one)) },
    } as unknown as Firing,
    { at: 1, do: action },
    { runId: 'r', sinceMs: 0, untilMs: 1 },
    found,
  );
  return { text, evidence };
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
