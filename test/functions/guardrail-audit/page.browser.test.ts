import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { judgeProject } from '../../../functions/guardrail-audit/decide.ts';
import type { AuditFacts } from '../../../functions/guardrail-audit/facts.ts';
import { whole } from '../../../functions/guardrail-audit/reading.ts';
import { renderAuditPage } from '../../../functions/guardrail-audit/report/page.ts';
import { buildReport } from '../../../functions/guardrail-audit/report/report.ts';
import type { EarlierFinding } from '../../../functions/guardrail-audit/report/trend.ts';
import { joinScope, scopeRow } from '../../../functions/guardrail-audit/report/scope.ts';
import { renderScopePage } from '../../../functions/guardrail-audit/report/scope-page.ts';
import { axeViolations, chromiumMissing, startChromium, withPage } from '../../support/chromium.ts';
import { needs } from '../../support/needs.ts';
import { clean, config, NOW, PROJECT, project, receipt } from '../../support/guardrail-facts.ts';
import { CASES } from '../../support/guardrail-mistakes.ts';

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 375, height: 812 } } as const;

/** What the failing cases are made of, the first of a kind: a page with much on it. */
const worst: AuditFacts = CASES.filter(({ fails }) => fails.length > 0).reduce(
  (facts, one) => ({ ...one.facts, ...facts }),
  {} satisfies Partial<AuditFacts>,
) as AuditFacts;

/** Names as users make them: long, in other scripts, and such as would be markup. */
const hostile: Partial<AuditFacts> = {
  buckets: whole(
    [`<img src=x onerror=alert(1)>`, 'a'.repeat(220), 'имя\u202e-bucket'].map((name) => ({
      name,
      createdMs: 0,
      labels: {},
      bindings: [{ role: 'roles/storage.objectViewer', members: ['allUsers'], conditional: false }],
      publicAccessPrevented: false,
    })),
  ),
};

const reportOf = (facts: AuditFacts, earlier?: Parameters<typeof buildReport>[3]) =>
  buildReport(PROJECT, judgeProject(facts, config, NOW), NOW, earlier, { 'a.list': 3 });
const pageOf = (facts: AuditFacts, earlier?: Parameters<typeof buildReport>[3]) =>
  renderAuditPage(reportOf(facts, earlier));

/** The week before: some of what is wrong now, and something that was fixed. */
const before: Parameters<typeof buildReport>[3] = {
  runId: 'r',
  at: '2026-11-11T05:00:00.000Z',
  points: 40,
  findings: new Map<string, EarlierFinding>([
    ...reportOf({ ...clean, ...worst })
      .findings.slice(0, 6)
      .map((one) => [one.fingerprint, one] as const),
    [
      'ffffffffffffffff',
      { rule: 'basic-role', severity: 'high', resource: 'projects/x', place: 'roles/owner', detail: 'gone' },
    ],
  ]),
};

const score = {
  resource: `projects/${PROJECT}`,
  action: 'keep',
  reason: 'score',
  usdPerHour: 0,
  evidence: { points: 61.5, grade: 'D', findings: 12, unpriced: 1, usdPerMonth: { low: 900, high: 1200 } },
};
const scope = renderScopePage(
  joinScope(
    [
      scopeRow(PROJECT, whole(project), receipt(score)),
      scopeRow('ml-unseen', { why: 'denied' }, { why: 'it left no receipt within 8 days' }),
    ],
    {
      generatedAt: NOW.toISOString(),
      ownerLabel: undefined,
      incomplete: [{ where: 'folders/500100', why: 'one project has another form than documented' }],
    },
  ),
  'receipts',
);

const PAGES = {
  'a project with every mistake': pageOf({ ...clean, ...worst }, before),
  'a project with hostile names': pageOf({ ...clean, ...hostile }),
  'a clean project': pageOf(clean),
  'the whole scope': scope,
} as const;

describe('the audit’s pages in Chromium', needs(chromiumMissing()), () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
  });

  for (const [title, served] of Object.entries(PAGES))
    for (const [size, viewport] of Object.entries(SIZES))
      for (const colorScheme of ['light', 'dark'] as const)
        it(`${title} is clean and accessible on a ${size} in ${colorScheme} colours`, async () => {
          await withPage(
            browser,
            served,
            { viewport, colorScheme },
            async ({ page, complaints, requests, url }) => {
              await page.evaluate(
                'document.querySelectorAll("details").forEach((part) => { part.open = true; })',
              );
              expect(complaints).toEqual([]);
              expect(requests).toEqual([url]);
              expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
              expect(await axeViolations(page)).toEqual([]);
            },
          );
        });

  it('shows the summary of a project on one screen, before anything else', async () => {
    await withPage(
      browser,
      PAGES['a project with every mistake'],
      { viewport: SIZES.desktop },
      async ({ page }) => {
        const box = await page.locator('.headline').first().boundingBox();
        expect((box?.y ?? 0) + (box?.height ?? Infinity)).toBeLessThan(SIZES.desktop.height);
      },
    );
  });

  it.each(Object.entries(PAGES))(
    'prints %s light, without its tools, and cuts nothing off',
    async (_, served) => {
      // A4 within its margins, at 96 dots an inch.
      const viewport = { width: 718, height: 1046 };
      await withPage(browser, served, { viewport, colorScheme: 'dark' }, async ({ page }) => {
        await page.emulateMedia({ media: 'print' });
        expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
          'rgb(255, 255, 255)',
        );
        for (const tool of ['.theme', '.contents', '.command button'])
          for (const one of await page.locator(tool).all()) expect(await one.isVisible(), tool).toBe(false);
        for (const one of await page.locator('details li, details pre').all())
          expect(await one.isVisible()).toBe(true);
        const cutOff = `[...document.querySelectorAll('p, li, dd, pre, td, th')]
        .filter((one) => one.getBoundingClientRect().right > ${viewport.width} || one.scrollWidth > one.clientWidth + 1)
        .map((one) => one.tagName + ' ' + one.textContent.slice(0, 80))`;
        expect(await page.evaluate(cutOff)).toEqual([]);
      });
    },
  );

  it('leads from each of the eight to its section', async () => {
    await withPage(
      browser,
      PAGES['a project with every mistake'],
      { viewport: SIZES.desktop },
      async ({ page }) => {
        const links = page.locator('#summary table a');
        expect(await links.count()).toBe(8);
        await links.nth(5).click();
        expect(await page.locator('#credentials').isVisible()).toBe(true);
        expect(new URL(page.url()).hash).toBe('#credentials');
      },
    );
  });
});
