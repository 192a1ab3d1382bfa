import type { Notice } from '../../shared/notify/notice.ts';
import type { ProjectMemory } from '../../functions/idle-notebook-stopper/memory/memory.ts';
import type { DecidedOutcome, Receipt } from '../../shared/run/receipt.ts';
import type { LogLine } from '../sandbox/hosting/function-process.ts';
import type { LoggedCall } from '../sandbox/http/call-log.ts';
import type { Notebook } from '../sandbox/services/compute/fleet.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** The receipts in the state bucket, oldest first; of one function, or of all. */
export function receiptsIn(sandbox: Sandbox, bucket: string, functionName = ''): readonly Receipt[] {
  return sandbox.storage
    .objectNames(bucket, `receipts/${functionName}`)
    .map((name) => JSON.parse(sandbox.storage.objectText(bucket, name) ?? '') as Receipt)
    .sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

export function lastReceipt(sandbox: Sandbox, bucket: string, functionName = ''): Receipt {
  const last = receiptsIn(sandbox, bucket, functionName).at(-1);
  if (last === undefined) throw new Error(`No receipt in gs://${bucket}`);
  return last;
}

/** What is remembered of a project's notebooks, by instance id. */
export function memoryIn(sandbox: Sandbox, bucket: string, project: string): ProjectMemory['notebooks'] {
  const text = sandbox.storage.objectText(bucket, `memory/idle-notebook-stopper/${project}.json`);
  const memory =
    text === undefined ? { notebooks: {} } : (JSON.parse(text) as { notebooks: ProjectMemory['notebooks'] });
  return Object.fromEntries(
    Object.entries(memory.notebooks).map(([name, known]) => [name.split('/').at(-1) ?? '', known]),
  );
}

export function notebook(sandbox: Sandbox, id: string): Notebook {
  const found = [...sandbox.fleet.notebooks.values()].find((known) => known.id === id);
  if (found === undefined) throw new Error(`No notebook ${id} in the scenario`);
  return found;
}

/** States by instance id. */
export function statesOf(sandbox: Sandbox): Readonly<Record<string, string>> {
  return Object.fromEntries([...sandbox.fleet.notebooks.values()].map(({ id, state }) => [id, state]));
}

/** How often each notebook was really stopped (or started), by instance id. */
export function carriedOut(sandbox: Sandbox, verb: 'stop' | 'start'): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const operation of sandbox.fleet.operations.values()) {
    const id = operation.target.split('/').at(-1) ?? '';
    if (operation.verb === verb) counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

/** What came of each plan, with the reason, by instance id: `stop done: idle`. What was kept from the start is left out. */
export function outcomesOf({ decisions }: Receipt): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {};
  for (const { resource, action, outcome, reason } of decisions)
    if (action !== 'keep' || reason === 'changed-since')
      (found[resource.split('/').at(-1) ?? ''] ??= []).push(`${action} ${outcome}: ${reason}`);
  return Object.fromEntries(Object.entries(found).map(([id, all]) => [id, all.sort()]));
}

export function decisionOn(receipt: Receipt, id: string, action?: string): DecidedOutcome {
  const found = receipt.decisions.find(
    (decision) =>
      decision.resource.endsWith(`/${id}`) && (action === undefined || decision.action === action),
  );
  if (found === undefined) throw new Error(`No decision on ${id} in run ${receipt.runId}`);
  return found;
}

/** Messages of the log lines of a severity. */
export function messagesOf(lines: readonly LogLine[], severity: string): readonly string[] {
  return lines.flatMap((line) =>
    typeof line === 'object' && line['severity'] === severity ? [String(line['message'])] : [],
  );
}

/** The sandbox's call ids in the form of the receipt's `apiCalls`: without the levels of the resource's path. */
export function callName(call: Pick<LoggedCall, 'id'>): string {
  return call.id
    .replace('.projects.locations.list', '.locations.list')
    .replace('.projects.locations.', '.')
    .replace(/^(monitoring|pubsub)\.projects\./, '$1.');
}

export function countsOf(calls: readonly LoggedCall[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const call of calls) counts[callName(call)] = (counts[callName(call)] ?? 0) + 1;
  return counts;
}

/** The notices among published messages, each once. */
export const noticesIn = (texts: readonly string[]): readonly Notice[] => {
  const all = texts
    .map((text) => JSON.parse(text) as Notice | { readonly items?: undefined })
    .filter((one): one is Notice => one.items !== undefined);
  return [...new Map(all.map((notice) => [notice.id, notice])).values()];
};
