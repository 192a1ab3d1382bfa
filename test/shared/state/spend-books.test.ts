import { describe, expect, it } from 'vitest';
import { accrue } from '../../../shared/spend/accrue.ts';
import { ledgerObject, printLedger } from '../../../shared/spend/ledger.ts';
import { readLedgers } from '../../../shared/state/spend-books.ts';
import type { State } from '../../../shared/state/state.ts';

const NOW = Date.parse('2026-11-20T20:00:00Z');

function ledgerText(project: string, atMs: number): string {
  return printLedger(accrue(undefined, { project, atMs, resources: [], complete: true }));
}

function stateOf(objects: Readonly<Record<string, string>>): State {
  const no = (): never => {
    throw new Error('nothing is written or listed');
  };
  return {
    ...{ bucket: 'b', write: no, upload: no, list: no },
    read: (name) => {
      const text = objects[name];
      return Promise.resolve(text === undefined ? undefined : { text, generation: '1', ageMs: 0 });
    },
  };
}

describe('readLedgers', () => {
  const state = stateOf({
    [ledgerObject('now')]: ledgerText('now', NOW),
    [ledgerObject('ahead')]: ledgerText('ahead', NOW + 3_600_000),
    [ledgerObject('newer')]: ledgerText('newer', NOW).replace('"version":1', '"version":2'),
    [ledgerObject('damaged')]: '{',
    [ledgerObject('moved')]: ledgerText('other', NOW),
  });
  const projects = ['now', 'ahead', 'newer', 'damaged', 'moved', 'missing'];

  it('names each project without a ledger that can be used, and why', async () => {
    const { ledgers, without } = await readLedgers(state, projects, NOW);
    expect(ledgers.map(({ project }) => project)).toEqual(['now']);
    expect([...without].sort()).toEqual([
      'ahead: the ledger is of 2026-11-20T21:00:00.000Z, which is still to come',
      'damaged: the ledger is damaged: it is not JSON',
      'missing: there is no ledger yet',
      'moved: the ledger is of "other"',
      'newer: the ledger has version 2, and this costguard knows 1',
    ]);
  });

  it('takes one that is dated ahead for a ledger where no clock is given: its caller says what is strange about it', async () => {
    const { ledgers } = await readLedgers(state, projects);
    expect(ledgers.map(({ project }) => project)).toEqual(['now', 'ahead']);
  });
});
