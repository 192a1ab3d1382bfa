import { createHash } from 'node:crypto';
import type { Actual } from '../actual/actual.ts';
import { writesMetrics } from '../desired/access.ts';
import type { Desired, DesiredFunction } from '../desired/desired.ts';
import { dashboardOf, MADE_BY } from '../desired/names.ts';
import { shellLine, type Step } from '../desired/step.ts';

/** The label that says which content deploy gave a dashboard; what people changed since stays until costguard ships another one. */
const CONTENT_LABEL = 'costguard-content';

/** The dashboard of each function whose metrics the policy has written. One that does not bear deploy's mark is left alone. */
export function planDashboards(desired: Desired, actual: Actual): readonly Step[] {
  return writesMetrics(desired.policy)
    ? desired.functions.flatMap((fn) => planDashboard(desired, actual, fn))
    : [];
}

function planDashboard(
  { project }: Desired,
  { dashboards }: Actual,
  { name, dashboard }: DesiredFunction,
): readonly Step[] {
  if (dashboard === undefined) return [];
  const id = dashboardOf(name);
  const known = dashboards.get(id);
  const content = createHash('sha256').update(JSON.stringify(dashboard)).digest('hex').slice(0, 12);
  const labels = { ...known?.labels, [MADE_BY.key]: MADE_BY.value, [CONTENT_LABEL]: content };
  if (known !== undefined && (!known.made || known.labels[CONTENT_LABEL] === content)) return [];
  const config = (more: object): string => `--config=${JSON.stringify({ ...dashboard, ...more, labels })}`;
  const inProject = `--project=${project}`;
  const [why, args] =
    known === undefined
      ? [
          `The dashboard "${dashboard.displayName}" over what ${name} writes to Cloud Monitoring`,
          ['create', inProject, config({ name: `projects/${project}/dashboards/${id}` })],
        ]
      : [
          `The dashboard "${dashboard.displayName}" has another content in this costguard; changes made by hand are lost`,
          // Without the etag of what it replaces an update is refused.
          ['update', id, inProject, config({ etag: known.etag })],
        ];
  return [{ why, args: ['monitoring', 'dashboards', ...args] }];
}

/** Removes a function's dashboard. The points that it shows stay for as long as Cloud Monitoring keeps them. */
export function planDashboardRemoval(
  { project }: Pick<Desired, 'project'>,
  { dashboards }: Pick<Actual, 'dashboards'>,
  name: string,
): readonly Step[] {
  const id = dashboardOf(name);
  if (dashboards.get(id)?.made !== true) return [];
  return [
    {
      why: `The dashboard of ${name}; the points that it shows stay`,
      args: ['monitoring', 'dashboards', 'delete', id, `--project=${project}`, '--quiet'],
    },
  ];
}

/** Whether the desired dashboards are there, and those that show nothing new any more. Lines for people. */
export function describeDashboards(
  { project, policy, functions }: Pick<Desired, 'project' | 'policy' | 'functions'>,
  actual: Pick<Actual, 'dashboards'>,
): readonly string[] {
  return functions.flatMap(({ name, dashboard }) => {
    if (dashboard === undefined) return [];
    const known = actual.dashboards.get(dashboardOf(name));
    const about = `Dashboard of ${name}:`;
    if (!writesMetrics(policy)) {
      const [removal] = planDashboardRemoval({ project }, actual, name);
      return removal === undefined
        ? []
        : [`${about} there, although watch.metrics is off. Remove it:\n${shellLine(removal.args)}`];
    }
    if (known === undefined) return [`${about} not there`];
    return [`${about} "${dashboard.displayName}"${known.made ? '' : ', not made by deploy.sh'}`];
  });
}
