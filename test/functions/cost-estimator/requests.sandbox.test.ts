import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { estimatorFunction } from '../../../functions/cost-estimator/function.ts';
import type { EstimateReport } from '../../../functions/cost-estimator/decide.ts';
import { handleRequest } from '../../../shared/run/handle-request.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { figuresIn, findAll, findOne, hasClass, parsePage } from '../../support/html-tree.ts';
import { startInstance, withHttpFunction, withSandbox } from '../../support/in-process.ts';
import { BUCKET, LAB, labScenario } from '../../support/lab.ts';

const POLICY = `scope: [projects/${LAB}]\nstate: gs://${BUCKET}\nestimates: {region: europe-west4}\n`;
const RUN = 'hours=24&machineType=n1-standard-8&gpuType=nvidia-tesla-t4&gpuCount=2&storageGb=500';

interface Estimator {
  readonly sandbox: Sandbox;
  readonly ask: (
    path: string,
    init?: RequestInit,
  ) => Promise<{ status: number; headers: Headers; text: string }>;
}

const withEstimator = (test: (estimator: Estimator) => Promise<void>, policy = POLICY): Promise<void> =>
  withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
    const { runtime } = startInstance(sandbox, { name: 'cost-estimator', policy });
    await withHttpFunction(
      (request, response) => handleRequest(runtime, request, response, estimatorFunction),
      async (url) => {
        const ask: Estimator['ask'] = async (path, init) => {
          const response = await fetch(`${url}${path}`, init);
          return { status: response.status, headers: response.headers, text: await response.text() };
        };
        await test({ sandbox, ask });
      },
    );
  });

describe('cost-estimator over HTTP', () => {
  it('answers the same run as JSON, CSV and page, in the region of the policy, and leaves a receipt', () =>
    withEstimator(async ({ ask, sandbox }) => {
      const json = await ask(`/?${RUN}&format=json`);
      expect(json.status).toBe(200);
      const report = JSON.parse(json.text) as EstimateReport;
      expect(report.region).toBe('europe-west4');
      const { perRun } = report.chosen.totals;
      if (perRun.usd === 'unpriced') throw new Error(perRun.why);
      expect(perRun.usd.high).toBeCloseTo(24 * (0.418336 + 2 * 0.3675 + (500 * 0.02) / 730), 3);

      const csv = await ask(`/?${RUN}&format=csv`);
      const rows = parse<Record<string, string>>(csv.text, { columns: true });
      expect(rows.map(({ usdPerRunHigh }) => Number(usdPerRunHigh))).toEqual(
        report.chosen.lines.map((line) =>
          line.perRun.usd === 'unpriced' ? Number.NaN : line.perRun.usd.high,
        ),
      );
      expect(csv.headers.get('content-disposition')).toBe(
        'attachment; filename="estimate-europe-west4-lines.csv"',
      );

      const page = await ask(`/?${RUN}`, { headers: { accept: 'text/html' } });
      const root = parsePage(page.text);
      expect(
        figuresIn(findOne(root, (element) => hasClass(element, 'amount'))).map(({ value }) => value),
      ).toEqual([perRun.usd.high]);
      expect(page.headers.get('content-security-policy')).toContain("form-action 'self'");
      const receipts = sandbox.storage.objectNames(BUCKET, 'receipts/cost-estimator/');
      expect(receipts).toHaveLength(3);
    }));

  it('shows an example and its form to a browser that sends nothing; a program gets a 400', () =>
    withEstimator(async ({ ask }) => {
      for (const path of ['/', '/fit']) {
        const { status, text } = await ask(path, { headers: { accept: 'text/html' } });
        expect(status).toBe(200);
        const form = findOne(parsePage(text), ({ name }) => name === 'form');
        expect([form.attributes['method'], form.attributes['action']]).toEqual(['get', path]);
        expect(findAll(form, ({ name }) => name === 'input' || name === 'select').length).toBeGreaterThan(10);
        expect((await ask(path, { headers: { accept: 'application/json' } })).status).toBe(400);
      }
    }));

  it('takes a form as a browser sends it: fields left empty are absent', () =>
    withEstimator(async ({ ask }) => {
      const sent =
        'format=html&machineType=g2-standard-4&gpuType=&gpuCount=&count=&hours=2&region=&spot=true&where=compute&diskGb=&diskType=&storageGb=&storageClass=&egressGb=&egressTo=&dataRegion=';
      const { status, text } = await ask(`/?${sent}`);
      expect(status).toBe(200);
      const root = parsePage(text);
      const value = (name: string): string | undefined =>
        findOne(root, ({ attributes }) => attributes['name'] === name && attributes['id'] !== undefined)
          .attributes['value'];
      expect([value('machineType'), value('hours'), value('diskGb')]).toEqual(['g2-standard-4', '2', '']);
    }));

  it('takes lists and models by POST, and says of everything else what there is', () =>
    withEstimator(async ({ ask }) => {
      const post = (path: string, body: unknown): ReturnType<Estimator['ask']> =>
        ask(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      expect((await post('/', { resources: [{ machineType: 'e2-medium', count: 3 }] })).status).toBe(200);
      const fit = await post('/fit', { parameters: 8e9, task: 'qlora', tokens: 1e9, rule: 'seed' });
      expect(fit.status).toBe(200);
      expect(JSON.parse(fit.text)).toMatchObject({ kind: 'fit', rule: 'seed', seedRule: { needGb: 64 } });
      const wrong = await post('/', { resources: [{ machineType: 'n1-standard-8', gpuType: 'nvidia-l4' }] });
      expect(wrong.status).toBe(400);
      expect(JSON.parse(wrong.text)).toMatchObject({
        parameter: 'resources[0].machineType',
        value: 'n1-standard-8',
      });
      expect((await ask('/fits?parameters=8e9')).status).toBe(404);
      expect((await ask('/', { method: 'DELETE' })).status).toBe(405);
      expect((await ask(`/?${RUN}&format=xml`)).status).toBe(400);
      expect((await ask('/fit?parameters=8e9&precision=int3')).status).toBe(400);
    }));

  it('calls nothing of Google but the bucket of its receipts, and nothing at all without its section', async () => {
    await withEstimator(async ({ ask, sandbox }) => {
      await ask(`/?${RUN}&format=json`);
      const hosts = new Set(sandbox.callLog.calls().map(({ host }) => host));
      expect([...hosts]).toEqual(['storage.googleapis.com']);
    });
    await withEstimator(async ({ ask, sandbox }) => {
      const { status, text } = await ask(`/?${RUN}&format=json`);
      expect(status).toBe(500);
      expect(text).toContain('the section \\"estimates\\": the policy has none');
      expect(sandbox.callLog.calls()).toEqual([]);
    }, `scope: [projects/${LAB}]\nstate: gs://${BUCKET}\negress:\n`);
  });
});
