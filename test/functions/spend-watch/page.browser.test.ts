import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { renderBurnPage } from '../../../functions/spend-watch/report/page.ts';
import { axeViolations, chromiumMissing, startChromium, withPage } from '../../support/chromium.ts';
import { needs } from '../../support/needs.ts';
import { BURNING, known, ledgerOf, messagesOf, NOW, reportOf, vm } from '../../support/burn-lab.ts';

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;

const HOSTILE = ledgerOf(() => [
  vm('<img src=x onerror=alert(1)>', 4, {
    description: `имя\u202e ${'a'.repeat(90)}`,
    owner: 'b'.repeat(63),
  }),
  vm('strange', 0, { rate: { low: 0, expected: 0, high: 10 }, unpriced: 'no price of "x9-mega"' }),
]);

const PAGES = {
  'a runaway': renderBurnPage(reportOf({ 'ml-burn': known(BURNING) }, messagesOf())),
  'hostile names': renderBurnPage(reportOf({ 'ml-burn': known(HOSTILE) }, undefined)),
  'what is not known': renderBurnPage(
    reportOf(
      {
        'ml-burn': known(ledgerOf(() => [], NOW - 3_600_000, false)),
        'ml-new': { kind: 'none', why: 'there is no ledger yet' },
      },
      messagesOf({ currencyCode: 'EUR' }),
    ),
  ),
} as const;

describe('the live page in Chromium', needs(chromiumMissing()), () => {
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
          await withPage(browser, served, { viewport, colorScheme }, async (opened) => {
            const { page, complaints, requests, url } = opened;
            const shots = process.env['COSTGUARD_SHOTS'];
            if (shots !== undefined)
              await page.screenshot({ path: `${shots}/${title}-${size}-${colorScheme}.png`, fullPage: true });
            await page.evaluate(
              'document.querySelectorAll("details").forEach((part) => { part.open = true; })',
            );
            expect(complaints).toEqual([]);
            expect(requests).toEqual([url]);
            expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
            expect(await axeViolations(page)).toEqual([]);
          });
        });

  it('shows the line of spend against the ladder, without script too', async () => {
    const options = { viewport: SIZES.desktop, javaScriptEnabled: false };
    await withPage(browser, PAGES['a runaway'], options, async ({ page }) => {
      const chart = page.locator('#budget-1 .chart > svg:visible');
      expect(await chart.count()).toBe(1);
      expect(await chart.getAttribute('aria-label')).toMatch(
        /Spend of budget ML, monthly since .*expected by now/,
      );
      expect(await chart.locator('text').allTextContents()).toContain('100 %: stop-compute');
      expect(await page.locator('.headline .amount').textContent()).toBe('$89.23');
    });
  });

  it('says what is not known, and nowhere that it is zero', async () => {
    await withPage(browser, PAGES['what is not known'], { viewport: SIZES.desktop }, async ({ page }) => {
      const text = (await page.locator('body').textContent()) ?? '';
      expect(text).toContain('ml-new: not evaluable, there is no ledger yet');
      expect(text).toContain('it counts in EUR');
      expect(await page.locator('.headline .amount').textContent()).toBe('unknown');
      expect(text).not.toContain('$0.00');
    });
  });

  it('says of what has no price what it may cost at the most', async () => {
    const strange = vm('strange', 0, { rate: { low: 0, expected: 0, high: 10 }, unpriced: 'no price' });
    const served = renderBurnPage(reportOf({ 'ml-burn': known(ledgerOf(() => [strange])) }, undefined));
    await withPage(browser, served, { viewport: SIZES.desktop }, async ({ page }) => {
      expect(await page.locator('.headline .amount').textContent()).toBe('up to $10.00');
      expect(await page.locator('#owners tbody').textContent()).toBe('adaunpricedunpricedunpricedunpriced');
    });
  });
});
