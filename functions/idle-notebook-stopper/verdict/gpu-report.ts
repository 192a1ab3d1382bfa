import type { Decision } from '../../../shared/run/receipt.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { keepCommand } from '../keep-command.ts';
import { gpuSignalGap } from '../signals/gpu-signal.ts';

/** The Ops Agent reports GPUs by default (https://cloud.google.com/monitoring/agent/ops-agent/install-index). */
const INSTALL_AGENT =
  'curl -sSO https://dl.google.com/cloudagents/add-google-cloud-ops-agent-repo.sh && sudo bash add-google-cloud-ops-agent-repo.sh --also-install';

/** Names a running notebook whose GPU no metric tells of, and the command that gives it one. */
export function judgeGpuSignal(
  facts: NotebookFacts,
  { keepLabel }: Pick<Config, 'keepLabel'>,
  verdict: string,
): readonly Decision[] {
  const missing = gpuSignalGap(facts.gpus, facts.signals);
  // Without any data the agent is not what is missing, and one that just started may not have reported yet.
  const isOpen = facts.signals.cpu.kind !== 'measured' || verdict === 'young' || verdict === 'kept';
  if (facts.state !== 'ACTIVE' || missing === undefined || isOpen) return [];
  const [, project = '', , zone = '', , id = ''] = facts.name.split('/');
  return [
    {
      resource: facts.name,
      action: 'report',
      reason: 'gpu-signal-missing',
      evidence: {
        says: `Whether its GPU works cannot be seen: ${missing}. ${facts.signals.migMode ? 'The label keeps it while it is used.' : 'The command installs the agent.'}`,
        why: missing,
        command: facts.signals.migMode
          ? keepCommand(facts, keepLabel)
          : `gcloud compute ssh ${id} --project=${project} --zone=${zone} --command='${INSTALL_AGENT}'`,
      },
      usdPerHour: 0,
    },
  ];
}
