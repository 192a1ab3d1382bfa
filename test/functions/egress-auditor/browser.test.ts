import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Browser, Locator, Page } from 'playwright-core';
import { renderReportPage } from '../../../functions/egress-auditor/report/page.ts';
import { renderScopePage } from '../../../functions/egress-auditor/report/scope-page.ts';
import type { ProjectResult } from '../../../functions/egress-auditor/report/scope.ts';
import { scopeHead } from '../../../functions/egress-auditor/scope.ts';
import { visible } from '../../../shared/report/text.ts';
import {
  axeViolations,
  chromiumMissing,
  startChromium,
  withPage,
  withUrl,
  type Opened,
  type Served,
} from '../../support/chromium.ts';
import { trafficScenario, vm, withAuditor } from '../../support/egress-lab.ts';
import { hostileReport, HOSTILE_NAMES, sampleReport } from './report-builder.ts';
import { needs } from '../../support/needs.ts';

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;

const report = sampleReport();
const sample = renderReportPage(report);
const hostile = renderReportPage(hostileReport());
const TITLE = `Where the egress money of ${HOSTILE_NAMES[0] ?? ''} goes – costguard`;

/** A scope of two projects, one of them with names that attack, and of one that cannot be read. */
async function scopePage(): Promise<Served> {
  const results = async function* (): AsyncGenerator<ProjectResult> {
    yield await Promise.resolve({ project: report.project, report });
    yield { project: 'ml-vision', report: hostileReport() };
    yield { project: 'ml-unseen', report: undefined, why: 'permission monitoring.timeSeries.list denied' };
  };
  const scope = [report.project, 'ml-vision', 'ml-unseen'];
  const head = scopeHead({ scope, incomplete: [] }, report.window, new Date(report.generatedAt));
  const { parts, headers } = renderScopePage(head, results());
  let text = '';
  for await (const part of parts) text += part;
  return { text, headers };
}

/** No error, no request but the page itself, and nothing beside the screen. */
async function assertClean({ page, complaints, requests, url }: Opened): Promise<void> {
  assert.deepEqual(complaints, []);
  assert.deepEqual(requests, [url]);
  const width: number = await page.evaluate('document.documentElement.scrollWidth');
  assert.equal(width, page.viewportSize()?.width);
}

const background = (page: Page): Promise<string> =>
  page.evaluate('getComputedStyle(document.body).backgroundColor');

const LIGHT = 'rgb(245, 246, 248)';
const DARK = 'rgb(14, 17, 22)';

const rowIds = (table: Locator): Promise<(string | null)[]> =>
  table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id')));

describe('the report page in Chromium', needs(chromiumMissing()), () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
  });

  for (const [size, viewport] of Object.entries(SIZES))
    for (const colorScheme of ['light', 'dark'] as const)
      it(`is clean and accessible on a ${size} in ${colorScheme} colours`, async () => {
        await withPage(browser, sample, { viewport, colorScheme }, async (opened) => {
          await assertClean(opened);
          assert.equal(await background(opened.page), colorScheme === 'light' ? LIGHT : DARK);
          // Folded parts count too.
          await opened.page.evaluate(
            'document.querySelectorAll("details").forEach((part) => { part.open = true; })',
          );
          assert.deepEqual(await axeViolations(opened.page), []);
          await assertClean(opened);
          const charts = opened.page.locator('.chart > svg:visible');
          assert.equal(await charts.count(), 3);
          for (const chart of await charts.all())
            assert.equal(await chart.getAttribute('class'), size === 'phone' ? 'narrow' : 'wide');
        });
      });

  for (const [size, viewport] of Object.entries(SIZES))
    for (const colorScheme of ['light', 'dark'] as const)
      it(`of a whole scope is clean and accessible on a ${size} in ${colorScheme} colours`, async () => {
        await withPage(browser, await scopePage(), { viewport, colorScheme }, async (opened) => {
          const { page } = opened;
          await assertClean(opened);
          assert.equal(await background(page), colorScheme === 'light' ? LIGHT : DARK);
          await page.evaluate(
            'document.querySelectorAll("details").forEach((part) => { part.open = true; })',
          );
          assert.deepEqual(await axeViolations(page), []);
          await assertClean(opened);
          assert.equal(await page.locator('.chart > svg:visible').count(), 2);
          // The totals are sent last and stand first.
          const box = await page.locator('#total .headline').boundingBox();
          const first = await page.locator('#project-1').boundingBox();
          assert.ok((box?.y ?? Infinity) < (first?.y ?? 0), 'the totals stand below the first project');
        });
      });

  it('is what the function answers over HTTP, clean and accessible', async () => {
    const traffic = {
      vms: [vm('a'), vm('b', 'us-central1-b')],
      traffic: [
        { from: 'vm:a', to: 'vm:b', gibPerDay: 100 },
        { from: 'gs://data', to: 'country:usa/America', gibPerDay: 10 },
      ],
    };
    const scenario = trafficScenario(traffic, [{ name: 'data', location: 'US' }]);
    await withAuditor({ scenario }, async ({ url, report: ask }) => {
      const { lanes } = await ask();
      await withUrl(browser, `${url}/`, { viewport: SIZES.desktop }, async (opened) => {
        await assertClean(opened);
        assert.deepEqual(
          await rowIds(opened.page.locator('#lanes table')),
          lanes.map(({ id }) => id),
        );
        assert.deepEqual(await axeViolations(opened.page), []);
      });
    });
  });

  it('sorts its tables by mouse and by keyboard', async () => {
    await withPage(browser, sample, { viewport: SIZES.desktop }, async ({ page, complaints }) => {
      const table = page.locator('#lanes table');
      const header = (name: string): Locator => table.getByRole('columnheader', { name });
      const button = (name: string): Locator => table.getByRole('button', { name });
      const status = page.getByRole('status');
      const ids = (order: (a: (typeof report.lanes)[number], b: (typeof report.lanes)[number]) => number) =>
        report.lanes.toSorted(order).map(({ id }) => id);
      assert.equal(await header('USD a month').getAttribute('aria-sort'), 'descending');

      await button('Metered').click();
      assert.deepEqual(
        await rowIds(table),
        ids((a, b) => b.bytes - a.bytes),
      );
      assert.equal(await header('Metered').getAttribute('aria-sort'), 'descending');
      assert.equal(await header('USD a month').getAttribute('aria-sort'), null);
      assert.equal(await status.textContent(), 'Sorted by Metered, descending.');
      await button('Metered').click();
      assert.deepEqual(
        await rowIds(table),
        ids((a, b) => a.bytes - b.bytes),
      );

      // What has no price stays last in both directions.
      const costOf = ({ usdPerMonth }: (typeof report.lanes)[number]): number | undefined =>
        usdPerMonth === 'unpriced' ? undefined : usdPerMonth.high;
      for (const [key, sign] of [
        ['Enter', -1],
        ['Space', 1],
      ] as const) {
        await button('USD a month').focus();
        await page.keyboard.press(key);
        const shown = (await rowIds(table)).map((id) => report.lanes.find((lane) => lane.id === id));
        const costs = shown.map((lane) => lane && costOf(lane));
        const known = costs.filter((cost) => cost !== undefined);
        assert.deepEqual(costs, [...known.toSorted((a, b) => sign * (a - b)), undefined]);
      }
      assert.equal(await header('USD a month').getAttribute('aria-sort'), 'ascending');

      await button('Lane').press('Enter');
      const names = await table
        .locator('tbody th')
        .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-key') ?? ''));
      assert.deepEqual(names, names.toSorted(new Intl.Collator('en', { numeric: true }).compare));
      assert.deepEqual(complaints, []);
    });
  });

  it('changes its theme, and remembers', async () => {
    await withPage(browser, sample, { viewport: SIZES.phone, colorScheme: 'light' }, async ({ page }) => {
      const toggle = page.getByRole('button', { name: 'Dark theme' });
      assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.locator('.theme[aria-pressed="true"]').waitFor();
      assert.equal(await background(page), DARK);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.locator('.theme[aria-pressed="false"]').waitFor();
      await toggle.press('Enter');
      assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
      assert.equal(await background(page), DARK);
      await page.reload();
      assert.equal(await background(page), DARK);
      await toggle.click();
      assert.equal(await background(page), LIGHT);
    });
  });

  it('prints light, without its tools and with all that is folded', async () => {
    await withPage(browser, hostile, { viewport: SIZES.desktop, colorScheme: 'dark' }, async ({ page }) => {
      const folded = page.locator('.notice.warn details li').last();
      assert.equal(await folded.isVisible(), false);
      await page.emulateMedia({ media: 'print' });
      assert.equal(await background(page), 'rgb(255, 255, 255)');
      assert.equal(await folded.isVisible(), true);
      for (const tool of ['.theme', '.contents', '.command button', '.chart svg.narrow'])
        assert.equal(await page.locator(tool).first().isVisible(), false, tool);
      for (const content of ['#lanes table', '.chart svg.wide', '.command pre'])
        assert.equal(await page.locator(content).first().isVisible(), true, content);
      const pdf = await page.pdf({ format: 'A4' });
      assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
    });
  });

  it('copies a command as it is', async () => {
    const options = { viewport: SIZES.desktop, permissions: ['clipboard-read', 'clipboard-write'] };
    await withPage(browser, sample, options, async ({ page }) => {
      await page.locator('.finding summary').first().click();
      const block = page.locator('.command').first();
      await block.getByRole('button', { name: /^Copy command/ }).click();
      await block.getByText('Copied').waitFor();
      assert.equal(await page.evaluate('navigator.clipboard.readText()'), report.findings[0]?.command);
    });
  });

  it('selects a command where the clipboard is closed', async () => {
    await withPage(browser, sample, { viewport: SIZES.desktop }, async ({ page }) => {
      await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
      await page.locator('.finding summary').first().click();
      await page.locator('.command button').first().click();
      await page.getByRole('status').filter({ hasText: 'Selected' }).waitFor({ state: 'attached' });
      assert.equal(await page.evaluate('getSelection().toString()'), report.findings[0]?.command);
    });
  });

  it('is whole without script', async () => {
    await withPage(
      browser,
      sample,
      { viewport: SIZES.phone, javaScriptEnabled: false },
      async ({ page, complaints }) => {
        assert.equal(await page.getByRole('button').count(), 0);
        assert.equal(await page.locator('#lanes tbody tr').count(), report.lanes.length);
        assert.equal(await page.locator('#lanes table').isVisible(), true);
        await page.getByText('These charts as a table').click();
        assert.equal(await page.locator('#days table').isVisible(), true);
        assert.deepEqual(complaints, []);
      },
    );
  });

  it('shows tables as cards on a phone: nothing is cut, each value has its title, and buttons sort', async () => {
    await withPage(browser, sample, { viewport: SIZES.phone }, async ({ page }) => {
      const table = page.locator('#lanes table');
      const cut: unknown = await page.evaluate(
        `[...document.querySelectorAll('.scroll')].filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth).length`,
      );
      assert.equal(cut, 0);
      const titles: unknown = await page.evaluate(
        `[...document.querySelectorAll('#lanes tbody tr:first-child td')].map((cell) => getComputedStyle(cell, '::before').content)`,
      );
      assert.deepEqual(Array.isArray(titles) && titles.slice(0, 2), ['"USD a month"', '"The period before"']);
      await table.getByRole('button', { name: 'Metered' }).click();
      assert.deepEqual(
        await rowIds(table),
        report.lanes.toSorted((a, b) => b.bytes - a.bytes).map(({ id }) => id),
      );
    });
  });

  it('links resources to the console, and requests nothing by itself', async () => {
    await withPage(browser, sample, { viewport: SIZES.desktop }, async ({ page, requests, url }) => {
      const link = page.locator('#talkers a').first();
      assert.match(
        (await link.getAttribute('href')) ?? '',
        /^https:\/\/console\.cloud\.google\.com\/compute\/instancesDetail\/zones\/us-central1-a\/instances\/[\w-]+\?project=ml-research$/,
      );
      assert.deepEqual(requests, [url]);
    });
  });

  it('leads a keyboard past its head, and into tables', async () => {
    await withPage(browser, sample, { viewport: SIZES.phone }, async ({ page }) => {
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content');
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate('document.activeElement.id'), 'main');
      const scroller = page.getByRole('region', { name: 'Lanes with their cost and traffic' });
      await scroller.focus();
      const state: unknown = await scroller.evaluate((region) => ({
        focused: region.matches(':focus'),
        scrolls: region.scrollWidth > region.clientWidth,
      }));
      assert.deepEqual(state, { focused: true, scrolls: false });
    });
  });

  for (const [size, viewport] of Object.entries(SIZES))
    it(`shows hostile names as text on a ${size}`, async () => {
      await withPage(browser, hostile, { viewport }, async (opened) => {
        const { page } = opened;
        await assertClean(opened);
        assert.equal(await page.title(), TITLE);
        const names: string[] = await page.evaluate(
          `[...document.querySelectorAll('#talkers bdi')].map((name) => name.textContent)`,
        );
        for (const name of HOSTILE_NAMES) assert.ok(names.includes(visible(name)), name.slice(0, 40));
        for (const fold of await page.locator('details.long > summary').all()) await fold.press('Enter');
        await page.locator('*[onmouseover], *[onerror]').waitFor({ state: 'detached' });
        assert.deepEqual(await axeViolations(page), []);
        await assertClean(opened);

        // The policy holds for whatever else gets into the document.
        const refused: string[] = await page.evaluate(`new Promise((resolve) => {
          const seen = new Set();
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
            if (seen.add(effectiveDirective).size === 2) resolve([...seen].sort());
          });
          const script = document.createElement('script');
          script.textContent = 'document.title = "owned"';
          document.body.append(script);
          const image = document.createElement('img');
          image.src = 'https://example.com/x.png';
          document.body.append(image);
        })`);
        assert.deepEqual(refused, ['img-src', 'script-src-elem']);
        assert.equal(await page.title(), TITLE);
      });
    });
});
