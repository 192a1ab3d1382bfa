import { alertOf, MADE_BY } from '../desired/names.ts';
import type { Actual } from '../actual/actual.ts';
import type { Step } from '../desired/step.ts';
import type { Desired } from '../desired/desired.ts';

/** An alert policy over the log of each function whose settings ask for one. */
export function planAlerts(desired: Desired, actual: Actual): readonly Step[] {
  return desired.functions
    .filter(({ settings }) => settings.alert)
    .flatMap(({ name }) => planAlert(desired, actual, name));
}

function planAlert({ project, alertChannels }: Desired, { alerts }: Actual, name: string): readonly Step[] {
  const known = alerts.find(({ displayName, made }) => made && displayName === alertOf(name));
  const filter = filterFor(name);
  const channels = [...new Set([...(known?.channels ?? []), ...alertChannels])];
  if (known?.filter === filter && known.channels.length === channels.length) return [];
  const policy = `--policy=${JSON.stringify(alertPolicy(name, filter, channels))}`;
  const verb = known === undefined ? ['create'] : ['update', known.name];
  const unheard =
    channels.length === 0 ? '; without --alert-channel it opens incidents without a notification' : '';
  return [
    {
      why: `An alert when ${name} fires a rung or fails${unheard}`,
      args: ['alpha', 'monitoring', 'policies', ...verb, `--project=${project}`, policy],
    },
  ];
}

function filterFor(name: string): string {
  return `resource.type="cloud_run_revision" AND resource.labels.service_name="${name}" AND (severity>=ERROR OR jsonPayload.alert="budget-rung")`;
}

/** As the Monitoring API wants it. A policy over logs has one condition, and a limit to how often it tells of it. */
function alertPolicy(
  name: string,
  filter: string,
  notificationChannels: readonly string[],
): Readonly<Record<string, unknown>> {
  return {
    displayName: alertOf(name),
    userLabels: { [MADE_BY.key]: MADE_BY.value },
    combiner: 'OR',
    enabled: true,
    conditions: [{ displayName: 'a rung fired, or an error', conditionMatchedLog: { filter } }],
    alertStrategy: { notificationRateLimit: { period: '300s' }, autoClose: '86400s' },
    notificationChannels,
    documentation: {
      mimeType: 'text/markdown',
      content: `The log line says what happened. What ${name} does and how to undo it: functions/${name}/README.md.`,
    },
  };
}
