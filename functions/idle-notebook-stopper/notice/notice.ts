import { formatUsdPerHour } from '../../../shared/prices/money.ts';
import type { Notice, NoticeItem } from '../../../shared/notify/notice.ts';
import type { DecidedOutcome } from '../../../shared/run/receipt.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { keepCommand } from '../keep-command.ts';

/** What was done to a notebook, or is to be. */
export interface Told {
  readonly facts: NotebookFacts;
  readonly outcome: DecidedOutcome;
}

/** What owners are told of. A report that comes with each tick is told by the first one alone. */
export function isTold({ outcome: { action, reason, outcome, evidence } }: Told): boolean {
  if (outcome !== 'done') return false;
  return (
    action === 'warn' ||
    action === 'stop' ||
    (action === 'report' && reason === 'did-not-start' && evidence['attempts'] === 1)
  );
}

/** One message for all that a run did; undefined where there is nothing to tell. */
export function noticeOf(
  run: { readonly runId: string; readonly projectId: string },
  config: Config,
  told: readonly Told[],
): Notice | undefined {
  if (told.length === 0) return undefined;
  const count = (action: string): number => told.filter(({ outcome }) => outcome.action === action).length;
  const parts = [
    [count('warn'), 'will be stopped'],
    [count('stop'), 'stopped'],
    [count('report'), 'did not start'],
  ] as const;
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return {
    id: `idle-notebook-stopper/${run.runId}`,
    functionName: 'idle-notebook-stopper',
    title: `Notebooks of ${run.projectId}: ${said.join(', ')}`,
    items: told.map((one) => itemOf(one, config)),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function itemOf({ facts, outcome }: Told, config: Config): NoticeItem {
  const { evidence, action } = outcome;
  const said = textOf(evidence['says']) ?? textOf(evidence['why']) ?? '';
  const [, project = '', , zone = '', , id = ''] = facts.name.split('/');
  const next =
    action === 'warn'
      ? `To keep it: ${keepCommand(facts, config.keepLabel)}`
      : action === 'stop'
        ? `It was stopped, which saves ${formatUsdPerHour(outcome.usdPerHour)}. To start it: gcloud workbench instances start ${id} --project=${project} --location=${zone}`
        : `${textOf(evidence['next']) ?? ''}.`;
  return {
    resource: facts.name,
    action,
    owner: facts.owner,
    text: `${id} (${facts.machineType}, ${zone}): ${said} ${next}`,
  };
}
