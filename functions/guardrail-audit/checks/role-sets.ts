import type { AuditConfig } from '../config.ts';
import type { Binding } from '../facts.ts';
import { HARMLESS, JOBS, ROLE_SETS, type Job } from '../iam/role-sets.ts';
import { reachOf } from '../iam/roles.ts';
import { isRead, type Reading } from '../reading.ts';
import { bind, unbind } from './iam-commands.ts';
import { inheritedText, placeOf } from './inherited.ts';
import { judge, type Found, type Outcome } from './outcome.ts';

const REACH = ['basic', 'admin', 'impersonates', 'other'];

/** What members have beyond the set of their job, the widest role first, and what they would miss without it. */
export function checkRoleSets(policy: Reading<readonly Binding[]>, { jobs, project }: AuditConfig): Outcome {
  const members = JOBS.flatMap((job) => jobs[job].map((member) => ({ job, member })));
  if (isRead(policy) && members.length === 0)
    return judge(
      'role-beyond-set',
      {
        why: 'the policy does not say who does which job: name members in audit.jobs',
      },
      () => ({ looked: 0, found: [] }),
    );
  return judge('role-beyond-set', policy, (bindings) => {
    const found = members.flatMap(({ job, member }) => beyond(job, member, bindings, project));
    return {
      looked: members.length,
      found: found.sort(
        (a, b) => REACH.indexOf(String(a.evidence['reach'])) - REACH.indexOf(String(b.evidence['reach'])),
      ),
    };
  });
}

function beyond(job: Job, member: string, bindings: readonly Binding[], project: string): readonly Found[] {
  const own = bindings.filter(({ members }) => members.includes(member));
  const held = new Set(own.map(({ role }) => role));
  const set = ROLE_SETS[job];
  const grants = new Map(own.map(({ role, from }) => [placeOf(role, member, from), { role, from }]));
  const more = [...grants.values()]
    .filter(({ role }) => !set.includes(role) && !HARMLESS.has(role))
    .sort((a, b) => (placeOf(a.role, member, a.from) < placeOf(b.role, member, b.from) ? -1 : 1));
  // A wide role may have stood in for those of the set.
  const missing = set.filter((role) => !held.has(role));
  const resource = `projects/${project}`;
  return more.map(({ role, from }) => ({
    resource,
    place: `${job}/${placeOf(role, member, from)}`,
    detail: `${member} works as ${job} and has ${role}, which is not in that set${inheritedText(from)}`,
    evidence: {
      ...{ job, member, role, reach: reachOf(role), set, missing },
      ...(from === undefined ? {} : { inheritedFrom: from }),
    },
    commands: [
      ...(reachOf(role) === 'other' ? [] : missing.map((desired) => bind(project, member, desired))),
      unbind(from ?? resource, member, role),
    ],
  }));
}
