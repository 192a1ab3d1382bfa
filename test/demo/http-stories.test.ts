import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { tellAuditStory } from './audit-story.ts';
import { tellEgressStory } from './egress-story.ts';
import { tellEstimateStory } from './estimate-story.ts';
import { printed, tooWide } from './printed.ts';

const sandbox = { clock: { now: () => Date.UTC(2026, 10, 18, 22) } } as Sandbox;
const URL = 'http://127.0.0.1:1/';
const usd = (low: number, high = low) => ({ low, high });
const price = (low: number, high = low) => ({ usd: usd(low, high) });

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Each path is answered with its report; one without is a 500. */
function answering(reports: Readonly<Record<string, object>>): void {
  vi.stubGlobal('fetch', async (url: string) => {
    const { pathname } = new globalThis.URL(url);
    const report = reports[pathname];
    return report === undefined ? new Response('no answer', { status: 500 }) : Response.json(report);
  });
}

describe('the story of egress', () => {
  const title = `VMs in us-central1-a and us-central1-c talk across zones, ${'and on '.repeat(12)}`;
  const report = {
    project: 'ml-lab',
    headline: { usdPerMonth: usd(226.4, 235.6) },
    findings: [{ title: title.trim(), usdPerMonth: usd(40) }],
  };
  const tell = () => printed(() => tellEgressStory(sandbox, `${URL}?project=ml-lab`));

  it('tells what the report says, within 80 columns', async () => {
    answering({ '/': report });
    const lines = await tell();
    expect(lines).toContain('ml-lab: $226 to $236 a month at list prices.');
    expect(lines.some((line) => line.startsWith('  $40: VMs in us-central1-a'))).toBe(true);
    expect(tooWide(lines)).toEqual([]);
  });

  it('is an error without a report, and where it finds nothing', async () => {
    answering({});
    await expect(tell()).rejects.toThrow(/500: no answer/);
    answering({ '/': { ...report, findings: [] } });
    await expect(tell()).rejects.toThrow(/finds a placement mistake/);
  });
});

describe('the story of estimates', () => {
  const estimate = {
    onDemand: { totals: { perRun: price(88.49) } },
    spot: { totals: { perRun: price(21.36, 88.49) } },
    regions: [{ region: 'us-central1', perRun: price(88.49) }],
  };
  const fit = {
    memory: { upperBytes: 23.4 * 2 ** 30 },
    fits: [{ machineType: 'a2-highgpu-1g', usdPerHour: price(3.67), run: { usd: price(313.96, 523.27) } }],
  };
  const tell = () => printed(() => tellEstimateStory(sandbox, URL));

  it('tells what the reports say, within 80 columns', async () => {
    answering({ '/': estimate, '/fit': fit });
    const lines = await tell();
    expect(lines).toContain('a2-highgpu-1g for a day: $88.49, on Spot $21.36 – $88.49.');
    expect(lines).toContain('  the cheapest region that offers it: us-central1, $88.49');
    expect(lines).toContain('  a2-highgpu-1g: $3.67 an hour, $313.96 – $523.27 for a billion tokens');
    expect(lines.join(' ')).toContain('at most 23.4 GiB');
    expect(tooWide(lines)).toEqual([]);
  });

  it('is an error without an answer, a region or a machine', async () => {
    answering({ '/': estimate });
    await expect(tell()).rejects.toThrow(/500: no answer/);
    answering({ '/': { ...estimate, regions: [] }, '/fit': fit });
    await expect(tell()).rejects.toThrow(/a region offers the machine/);
    answering({ '/': estimate, '/fit': { ...fit, fits: [] } });
    await expect(tell()).rejects.toThrow(/a machine fits the model/);
  });
});

describe('the story of the audit', () => {
  const report = {
    project: 'ml-lab',
    score: { grade: 'B', points: 86.7 },
    mistakes: [
      { number: 3, title: 'Machines larger than what they run', status: 'fail', findings: 2 },
      { number: 6, title: 'Hard-coded credentials', status: 'not-evaluable', findings: 0 },
    ],
    findings: [{ detail: '"ranking" keeps a machine up', commands: ['gcloud ai endpoints list'] }],
  };
  const tell = () => printed(() => tellAuditStory(sandbox, `${URL}?project=ml-lab`));

  it('tells what the report says', async () => {
    answering({ '/': report });
    const text = (await tell()).join('\n');
    expect(text).toMatch(/ml-lab: grade B, 86\.7 of 100 points/);
    expect(text).toMatch(/fail +3\. Machines larger than what they run \(2\)/);
    expect(text).toMatch(/not evaluable +6\. Hard-coded credentials$/m);
    expect(text).toContain('gcloud ai endpoints list');
  });

  it('is an error without a report', async () => {
    answering({});
    await expect(tell()).rejects.toThrow(/500: no answer/);
  });
});
