import { describe, expect, it } from 'vitest';
import { joinScope, unreadRow, type ScopeRow } from '../../../../functions/guardrail-audit/report/scope.ts';
import { renderScopePage } from '../../../../functions/guardrail-audit/report/scope-page.ts';
import { NOW, project } from '../../../support/guardrail-facts.ts';

const audited = (usd: number, unpriced: number, isMoneyPartial = false): ScopeRow => ({
  project: 'ml-seen',
  parent: 'folders/1',
  labels: { owner: 'ada' },
  audit: {
    ...{ runId: 'r', at: NOW.toISOString(), points: 90, grade: 'A', findings: unpriced, unpriced },
    isMoneyPartial,
    ...{ usdPerMonth: { low: usd, high: usd }, mistakes: {}, trend: null, oldPrices: null },
  },
  why: null,
});
const unseen = unreadRow(
  'ml-unseen',
  { ...project, labels: { owner: 'grace' }, parent: 'folders/2' },
  'denied',
);

/** The cells of a row by its key, and what the head says. */
function pageOf(...rows: readonly ScopeRow[]) {
  const about = { generatedAt: NOW.toISOString(), ownerLabel: undefined, incomplete: [] };
  const { text } = renderScopePage(joinScope(rows, about), 'receipts');
  const plain = text.replace(/<style[\s\S]*?<\/style>|<script[\s\S]*?<\/script>/g, '');
  const cells = (id: string): readonly string[] => {
    const row = plain.split('<tr').find((one) => one.includes(`data-id="${id}"`)) ?? '';
    return [...row.matchAll(/<td[^>]*>([\s\S]*?)<\/td>/g)].map(([, cell = '']) =>
      cell.replace(/<[^>]*>/g, ''),
    );
  };
  return { plain, cells };
}

describe('the page of a scope', () => {
  it('says unknown, and not $0.00, of what was not audited', () => {
    const { cells, plain } = pageOf(audited(12, 0), unseen);
    expect(cells('grace').slice(-2)).toEqual(['unknown', 'unknown']);
    expect(cells('folders/2').slice(-2)).toEqual(['unknown', 'unknown']);
    expect(cells('ada').slice(-1)).toEqual(['$12.00']);
    expect(plain).not.toContain('$0.00');
  });

  it('says so at its head where no project was audited', () => {
    const { plain } = pageOf(unseen);
    expect(plain).not.toContain('$0.00');
    expect(plain).toContain('0 of 1');
  });

  it('says unpriced, and not $0.00, of findings without a price', () => {
    const { cells, plain } = pageOf(audited(0, 2));
    expect(cells('ada').slice(-1)).toEqual(['unpriced']);
    expect(plain).not.toContain('$0.00');
  });
});
