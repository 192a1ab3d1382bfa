import { z } from 'zod';
import type { InstalledService } from '../support/install-function.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { indent, renderTable } from './table.ts';
import { BESIDE_LEASE_MS, whileTimeFlies } from './while-time-flies.ts';

const answerSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      resource: z.string(),
      action: z.string(),
      outcome: z.string(),
      why: z.string().optional(),
      losses: z.array(z.string()).optional(),
    }),
  ),
});

export type RestoreResults = z.infer<typeof answerSchema>['results'];

/** Asks for the plan, then for the restore itself. */
export async function callRestore(
  sandbox: Sandbox,
  restore: InstalledService,
  budget: string,
): Promise<RestoreResults> {
  const period = `${new Date(sandbox.clock.now()).toISOString().slice(0, 7)}-01`;
  const plan = await fetch(`${restore.service.url}?budget=${budget}&period=${period}`);
  if (!plan.ok) throw new Error(`The plan was answered with ${plan.status}: ${await plan.text()}`);
  const response = await whileTimeFlies(
    sandbox,
    () =>
      fetch(restore.service.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ budget, period }),
      }),
    BESIDE_LEASE_MS,
  );
  if (!response.ok)
    throw new Error(`The restore was answered with ${response.status}: ${await response.text()}`);
  return answerSchema.parse(await response.json()).results;
}

/** What came back, and what is lost for good; within 80 columns. What is said of several stands once, below. */
export function showResults(results: RestoreResults): string {
  const remarks = results.map(({ why, losses }) =>
    [why, losses === undefined ? undefined : `lost for good: ${losses.join(', ')}`]
      .filter(Boolean)
      .join('; '),
  );
  const shared = [...Map.groupBy(remarks, (remark) => remark)]
    .filter(([remark, all]) => remark !== '' && all.length > 2)
    .map(([remark]) => remark);
  const mark = (remark: string): string =>
    shared.includes(remark) ? ` (${shared.indexOf(remark) + 1})` : '';
  const table = renderTable(
    [
      { heading: 'RESOURCE', width: 48 },
      { heading: 'RESTORE', width: 16 },
    ],
    results.map(({ resource, action, outcome }, at) => [
      shortName(resource),
      `${action === 'none' ? '' : `${action}: `}${outcome}${mark(remarks[at] ?? '')}`,
    ]),
    remarks.map((remark) => (shared.includes(remark) ? '' : remark)),
  );
  return [table, ...shared.map((remark, at) => indent(`(${at + 1}) ${remark}`, 4))].join('\n');
}

/** `endpoints 8800…`, of any resource name. */
export function shortName(resource: string): string {
  return resource.split('/').slice(-2).join(' ');
}
