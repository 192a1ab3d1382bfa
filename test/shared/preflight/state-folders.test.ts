import { expect, it } from 'vitest';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { judgePolicyUri } from '../../../shared/preflight/policy-uri.ts';
import { hiddenFolders, hiddenFromSwitch, writtenFolders } from '../../../shared/preflight/state-folders.ts';

it('hiddenFromSwitch is what the files of the functions say', async () => {
  const fn = (await readFunctions()).find(({ name }) => name === 'budget-kill-switch');
  expect(hiddenFromSwitch).toEqual(fn?.hidden);
});

it('hiddenFolders leaves what a function writes or reads, within a folder too, and reports', () => {
  const written = ['b/', 'spend/', 'a/x/', 'receipts/f/', 'poison/f/', 'ledgers/', 'b/'];
  expect(hiddenFolders(written, { writes: ['a/'], reads: ['spend/in-force/', 'ledgers/'] })).toEqual([
    { folder: 'b/', but: [] },
    { folder: 'spend/', but: ['spend/in-force/'] },
  ]);
});

it('writtenFolders holds all that functions write, and nothing else', async () => {
  const written = (await readFunctions()).flatMap(({ settings }) => settings.writes);
  for (const one of written) expect(writtenFolders.some((folder) => one.startsWith(folder))).toBe(true);
  for (const folder of writtenFolders) expect(written.some((one) => one.startsWith(folder))).toBe(true);
});

it.each([
  ['gs://ops-costguard/receipts/costguard.yaml', 'fail'],
  ['gs://ops-costguard/policy/budget-kill-switch.yaml', 'fail'],
  ['gs://ops-costguard/spend/a/b/costguard.yaml', 'fail'],
  ['gs://ops-costguard/policy/costguard.yaml', 'pass'],
  ['gs://ops-costguard/costguard.yaml', 'pass'],
  ['gs://elsewhere/receipts/costguard.yaml', 'pass'],
])('a policy at %s: %s', (policyUri, status) => {
  const [check] = judgePolicyUri({ stateBucket: 'ops-costguard' }, { policyUri });
  expect(check?.status).toBe(status);
  if (status === 'fail') expect(check?.detail).toContain('one of them could replace the policy');
});

it('a policy beside the bundle is no check', () => {
  expect(judgePolicyUri({ stateBucket: 'ops-costguard' }, {})).toEqual([]);
});
