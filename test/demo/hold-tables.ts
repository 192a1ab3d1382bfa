import { z } from 'zod';
import type { Receipt } from '../../shared/run/receipt.ts';
import { shortName } from './restore-call.ts';
import { indent, renderTable } from './table.ts';

/** What a run of the switch stopped, and why; the rungs themselves are left out. */
export function showTaken({ decisions }: Receipt): string {
  return renderTable(
    [
      { heading: 'STOPPED', width: 34 },
      { heading: 'HOW', width: 14 },
      { heading: 'WHY', width: 28 },
    ],
    decisions
      .filter(({ resource, action }) => action !== 'keep' && resource.split('/').length > 4)
      .map(({ resource, action, outcome, reason, evidence }) => [
        shortName(resource),
        `${action}: ${outcome}`,
        typeof evidence['startedBy'] === 'string'
          ? `${spelled(reason)}; started by: ${evidence['startedBy'].replace(/projects\/\S*\//, '')}`
          : spelled(reason),
      ]),
  );
}

function spelled(reason: string): string {
  return reason.replace(/^rung-([\d.]+)-percent$/, 'rung at $1 %').replaceAll('-', ' ');
}

const leftSchema = z.array(z.looseObject({ resource: z.string(), cost: z.string(), command: z.string() }));

/** What goes on burning, in the order of the receipt, with its cost and the command that ends it; undefined where it names nothing. */
export function showLeftBurning(evidence: Readonly<Record<string, unknown>>): string | undefined {
  const left = leftSchema.safeParse(evidence['leftBurning']);
  if (!left.success || left.data.length === 0) return undefined;
  return left.data
    .map(({ resource, cost, command }) => `${indent(`${shortName(resource)}: ${cost}`, 2)}\n    ${command}`)
    .join('\n');
}
