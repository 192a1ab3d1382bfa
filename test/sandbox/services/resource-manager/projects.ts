import { createRequire } from 'node:module';
import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import { protoRoutes, textOf, type Message } from '../../http/proto-service.ts';
import type { Need, Route } from '../../http/route.ts';
import type { ProjectSeed, Scenario } from '../../scenario.ts';
import { createSettling, serviceDisabled, type Settling } from '../../iam/settling.ts';
import { pageAnswer, pageOfRequest } from '../../http/paging.ts';
import { projectsV1 } from './projects-v1.ts';

const protos = createRequire(import.meta.url)(
  '@google-cloud/resource-manager/build/protos/protos.json',
) as object;

const HOST = 'cloudresourcemanager.googleapis.com';
const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;

/** The organisation's tree, and the look-ups that every service needs of it. */
export interface Projects {
  readonly all: readonly ProjectSeed[];
  get(projectId: string): { readonly seed: ProjectSeed };
  /**
   * The id behind an id or number. Throws what Google answers for a project that does not exist (403, as for one that
   * the caller may not see) or where the service is not enabled (403 SERVICE_DISABLED).
   */
  require(idOrNumber: string, service?: string): string;
  /** The resource above one, for IAM inheritance; for projects and folders only. */
  parentOf(resource: string): string | undefined;
  zonesOf(projectId: string): readonly string[];
  readonly settling: Settling;
  /** Which APIs are enabled, by their full names; all but the scenario's `disabledServices` at the start. */
  readonly services: {
    enabled(projectId: string, service: string): boolean;
    change(projectId: string, service: string, enabled: boolean): void;
  };
}

/** Zones that exist in the sandbox wherever nothing stands in them. */
const COMMON_ZONES = [
  'europe-west4-a',
  'us-central1-a',
  'us-central1-b',
  'us-central1-c',
  'us-east4-c',
  'us-west1-b',
];

export function createProjects(scenario: Scenario): Projects {
  const byId = new Map(scenario.projects.map((project) => [project.id, project]));
  const byNumber = new Map(scenario.projects.map((project) => [project.number, project]));
  const parents = new Map<string, string | undefined>([
    ...scenario.projects.map((project): [string, string | undefined] => [
      `projects/${project.id}`,
      project.parent ??
        (scenario.organization === undefined ? undefined : `organizations/${scenario.organization.id}`),
    ]),
    ...scenario.folders.map((folder): [string, string | undefined] => [
      `folders/${folder.id}`,
      folder.parent,
    ]),
  ]);
  const disabled = new Map(
    scenario.projects.map(({ id, disabledServices }) => [id, new Set(disabledServices)]),
  );
  const settling = createSettling(scenario.projects);
  const enabledLater = new Set<string>();
  const find = (idOrNumber: string): ProjectSeed | undefined =>
    byId.get(idOrNumber) ?? byNumber.get(idOrNumber);
  return {
    settling,
    all: scenario.projects,
    get(projectId) {
      const seed = find(projectId);
      if (seed === undefined) throw new Error(`The sandbox has no project ${projectId}`);
      return { seed };
    },
    require(idOrNumber, service) {
      const project = find(idOrNumber);
      if (project === undefined)
        throw new ApiError(
          'PERMISSION_DENIED',
          `Permission denied on resource project ${idOrNumber} (or it may not exist).`,
          [
            {
              '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
              reason: 'CONSUMER_INVALID',
              domain: 'googleapis.com',
              metadata: { consumer: `projects/${idOrNumber}` },
            },
          ],
        );
      if (service !== undefined && disabled.get(project.id)?.has(`${service}.googleapis.com`) === true)
        throw serviceDisabled(service, project.number);
      if (
        service !== undefined &&
        enabledLater.has(`${project.id} ${service}.googleapis.com`) &&
        settling.refuses(project.id, 'api', service)
      )
        throw serviceDisabled(service, project.number);
      return project.id;
    },
    parentOf: (resource) => parents.get(resource),
    services: {
      enabled: (projectId, service) => disabled.get(projectId)?.has(service) !== true,
      change(projectId, service, enabled) {
        if (enabled) {
          if (disabled.get(projectId)?.delete(service) === true) enabledLater.add(`${projectId} ${service}`);
        } else disabled.get(projectId)?.add(service);
      },
    },
    zonesOf(projectId) {
      const project = find(projectId);
      const used = [...(project?.notebooks ?? []), ...(project?.vms ?? [])].map((machine) => machine.zone);
      return [...new Set([...COMMON_ZONES, ...used, ...(project?.unreachable ?? [])])].sort();
    },
  };
}

/** Cloud Resource Manager v3: projects and folders. */
export function resourceManagerService(options: {
  readonly projects: Projects;
  readonly scenario: Scenario;
  readonly iam: Iam;
}): Route[] {
  const { projects, scenario, iam } = options;
  const nameOf = (request: Message): string =>
    `projects/${projects.require(String(request['name']).replace('projects/', ''))}`;

  const showProject = (project: ProjectSeed): Message => ({
    name: `projects/${project.number}`,
    ...(projects.parentOf(`projects/${project.id}`) === undefined
      ? {}
      : { parent: projects.parentOf(`projects/${project.id}`) }),
    projectId: project.id,
    state: project.state,
    displayName: project.displayName ?? project.id,
    createTime: '2025-01-15T09:30:00Z',
    updateTime: '2025-01-15T09:30:00Z',
    etag: 'W/"1"',
    labels: project.labels,
  });
  const showFolder = (folder: Scenario['folders'][number]): Message => ({
    name: `folders/${folder.id}`,
    parent: folder.parent,
    displayName: folder.displayName,
    state: 'ACTIVE',
    createTime: '2025-01-15T09:30:00Z',
  });

  /** `parent:folders/1 state:ACTIVE`: any of the terms is enough, as the reference says of projects.search. */
  const matches = (query: string, fields: Readonly<Record<string, string | undefined>>): boolean => {
    const terms = query.split(/\s+(?:OR\s+|AND\s+)?/).filter((term) => term !== '');
    return (
      terms.length === 0 ||
      terms.some((term) => {
        const match = /^(\w+(?:\.\w+)?)[:=]"?([^"]*)"?$/.exec(term);
        if (match === null) throw new ApiError('INVALID_ARGUMENT', `Invalid query "${query}".`);
        const value = fields[match[1] ?? ''];
        const wanted = (match[2] ?? '').toLowerCase();
        if (value === undefined) return false;
        return wanted.endsWith('*')
          ? value.toLowerCase().startsWith(wanted.slice(0, -1))
          : value.toLowerCase() === wanted;
      })
    );
  };
  const list = (field: string, all: readonly Message[], request: Message): Message =>
    pageAnswer(field, pageOfRequest(all, request, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE));
  const projectFields = (project: ProjectSeed): Record<string, string | undefined> => ({
    parent: projects.parentOf(`projects/${project.id}`),
    id: project.id,
    projectId: project.id,
    name: project.displayName ?? project.id,
    displayName: project.displayName ?? project.id,
    state: project.state,
    lifecycleState: project.state,
  });
  const none = (): readonly Need[] => [];

  return [
    ...protoRoutes({
      host: HOST,
      protos,
      service: 'google.cloud.resourcemanager.v3.Projects',
      methods: {
        GetProject: {
          id: 'cloudresourcemanager.projects.get',
          needs: (request) => [{ permission: 'resourcemanager.projects.get', on: nameOf(request) }],
          handle: (request) => showProject(projects.get(nameOf(request).replace('projects/', '')).seed),
        },
        SearchProjects: {
          id: 'cloudresourcemanager.projects.search',
          needs: none,
          handle: (request, call) =>
            list(
              'projects',
              projects.all
                .filter((project) =>
                  iam.allows(call.principal, {
                    permission: 'resourcemanager.projects.get',
                    on: `projects/${project.id}`,
                  }),
                )
                .filter((project) => matches(textOf(request['query']), projectFields(project)))
                .map(showProject),
              request,
            ),
        },
      },
    }),
    ...protoRoutes({
      host: HOST,
      protos,
      service: 'google.cloud.resourcemanager.v3.Folders',
      methods: {
        GetFolder: {
          id: 'cloudresourcemanager.folders.get',
          needs: (request) => [{ permission: 'resourcemanager.folders.get', on: String(request['name']) }],
          handle(request) {
            const folder = scenario.folders.find((known) => `folders/${known.id}` === request['name']);
            if (folder === undefined)
              throw new ApiError('NOT_FOUND', `Folder ${String(request['name'])} was not found.`);
            return showFolder(folder);
          },
        },
        SearchFolders: {
          id: 'cloudresourcemanager.folders.search',
          needs: none,
          handle: (request, call) =>
            list(
              'folders',
              scenario.folders
                .filter((folder) =>
                  iam.allows(call.principal, {
                    permission: 'resourcemanager.folders.get',
                    on: `folders/${folder.id}`,
                  }),
                )
                .filter((folder) =>
                  matches(textOf(request['query']), {
                    parent: folder.parent,
                    displayName: folder.displayName,
                    state: 'ACTIVE',
                  }),
                )
                .map(showFolder),
              request,
            ),
        },
      },
    }),
    ...projectsV1({ projects, iam }),
  ];
}
