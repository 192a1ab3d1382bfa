import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { renderEstimatePage } from '../../../functions/cost-estimator/report/page.ts';
import { axeViolations, chromiumMissing, startChromium, withPage } from '../../support/chromium.ts';
import { needs } from '../../support/needs.ts';
import { answer } from '../../support/request-estimate.ts';

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;

const RUN = {
  machineType: 'n1-standard-8',
  gpuType: 'nvidia-tesla-t4',
  gpuCount: '2',
  hours: '24',
  storageGb: '500',
  egressGb: '100',
};
const MODEL = { parameters: '8e9', task: 'lora', tokens: '1e9' };

const PAGES = {
  'an estimate': ['/', RUN, 2],
  'an estimate without a price': ['/', { machineType: 'a4-highgpu-8g', where: 'workbench' }, undefined],
  'a fit': ['/fit', MODEL, 0],
} as const;

describe('the pages in Chromium', needs(chromiumMissing()), () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
  });

  for (const [title, [path, fields, charts]] of Object.entries(PAGES))
    for (const [size, viewport] of Object.entries(SIZES))
      for (const colorScheme of ['light', 'dark'] as const)
        it(`${title} is clean and accessible on a ${size} in ${colorScheme} colours`, async () => {
          const served = renderEstimatePage(answer(path, fields), fields);
          await withPage(browser, served, { viewport, colorScheme }, async (opened) => {
            const { page, complaints, requests, url } = opened;
            await page.evaluate(
              'document.querySelectorAll("details").forEach((part) => { part.open = true; })',
            );
            expect(complaints).toEqual([]);
            expect(requests).toEqual([url]);
            expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
            expect(await axeViolations(page)).toEqual([]);
            if (charts !== undefined) expect(await page.locator('.chart > svg:visible').count()).toBe(charts);
          });
        });

  it('sends its form without script, back to where it came from', async () => {
    const served = renderEstimatePage(answer('/', RUN), RUN);
    const options = { viewport: SIZES.desktop, javaScriptEnabled: false };
    await withPage(browser, served, options, async ({ page, url }) => {
      expect(await page.getByLabel('Machine type').inputValue()).toBe('n1-standard-8');
      await page.getByLabel('Hours of a run').fill('48');
      await page.getByRole('button', { name: 'Price this run' }).click();
      const sent = new URL(page.url());
      expect(`${sent.origin}${sent.pathname}`).toBe(url);
      expect(Object.fromEntries(sent.searchParams)).toMatchObject({ ...RUN, hours: '48', format: 'html' });
    });
  });
});
