import type { Sandbox } from '../sandbox/sandbox.ts';
import { presentOf } from '../sandbox/services/vertex/state.ts';
import { shortName } from './restore-call.ts';
import { renderTable } from './table.ts';

/** What there is in the project and in which state. */
export function states(sandbox: Sandbox, project: string): ReadonlyMap<string, string> {
  const notebookVms = new Set(sandbox.fleet.notebooksOf(project).map((notebook) => notebook.vm));
  const groups = sandbox.groups.of(project);
  const members = new Set(groups.flatMap((group) => sandbox.groups.membersOf(group)));
  const number = sandbox.projects.get(project).seed.number;
  const ours = (name: string): boolean =>
    name.startsWith(`projects/${number}/`) || name.startsWith(`projects/${project}/`);
  return new Map([
    ['billing', sandbox.billing.links.enabled(project) ? 'linked' : 'UNLINKED'],
    ...sandbox.fleet
      .notebooksOf(project)
      .map((notebook): [string, string] => [`notebook ${notebook.id}`, notebook.state]),
    ...sandbox.fleet
      .vmsOf(project)
      .filter((vm) => !notebookVms.has(vm) && !members.has(vm))
      .map((vm): [string, string] => [`VM ${vm.name}`, vm.status]),
    // Its members have other names when it grows again.
    ...groups.map((group): [string, string] => [
      `group ${group.id}`,
      `size ${sandbox.groups.membersOf(group).length}`,
    ]),
    ...[...sandbox.vertex.jobs.values()]
      .filter((job) => ours(job.name))
      .map((job): [string, string] => [shortName(job.name), job.state.replace('JOB_STATE_', '')]),
    ...[...sandbox.vertex.endpoints.values()]
      .filter((endpoint) => ours(endpoint.name))
      .map((endpoint): [string, string] => [
        shortName(endpoint.name),
        `${presentOf(endpoint).length} models deployed`,
      ]),
  ]);
}

/** States before and after, within 80 columns. */
export function showStates(
  project: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  from: string,
  to: string,
): void {
  console.log(
    `\n${renderTable(
      [
        { heading: project, width: 40 },
        { heading: from, width: 17 },
        { heading: to, width: 17 },
      ],
      [...before].map(([name, state]) => [name, state, after.get(name) ?? 'gone']),
    )}`,
  );
}
