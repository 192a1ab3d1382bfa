import { z } from 'zod';
import { momentMs, momentSchema } from '../../clock/moment.ts';
import { ApiError } from '../../http/api-error.ts';

/** A variable with its value, or one that Secret Manager fills in. */
const variable = z.union([
  z.string(),
  z.strictObject({ secret: z.string(), version: z.string().default('latest') }),
]);

const common = {
  id: z.string().regex(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/),
  location: z.string().default('us-central1'),
  created: momentSchema.default('-30d'),
  labels: z.record(z.string(), z.string()).default({}),
  env: z.record(z.string(), variable).default({}),
  serviceAccount: z.string().optional(),
};

/**
 * What others deployed before the sandbox starts: it can be looked at and does not run. Functions of costguard itself are
 * deployed and run, see state.ts.
 */
export const servicesSeedSchema = z.strictObject({
  functions: z.array(z.strictObject({ ...common, runtime: z.string().default('python312') })).default([]),
  services: z
    .array(
      z.strictObject({
        ...common,
        args: z.array(z.string()).default([]),
        /** Of the service, such as `run.googleapis.com/minScale`. */
        annotations: z.record(z.string(), z.string()).default({}),
        /** Of its revision, such as `autoscaling.knative.dev/minScale`. */
        revisionAnnotations: z.record(z.string(), z.string()).default({}),
        /** `run.googleapis.com/accelerator` */
        nodeSelector: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
  workerPools: z
    .array(
      z.strictObject({
        ...common,
        /** Such as `run.googleapis.com/manualInstanceCount`. */
        annotations: z.record(z.string(), z.string()).default({}),
        /** `run.googleapis.com/accelerator` */
        nodeSelector: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
  jobs: z.array(z.strictObject({ ...common, args: z.array(z.string()).default([]) })).default([]),
});

export type ServicesSeed = z.infer<typeof servicesSeedSchema>;
type Env = ServicesSeed['jobs'][number]['env'];

export type SeededKind = keyof ServicesSeed;

/** One of them as its API shows it. */
export interface Seeded {
  readonly kind: SeededKind;
  /** `projects/P/locations/L/functions/F` */
  readonly name: string;
  readonly shown: object;
  /** As Cloud Run's API v1 shows it, which lists all regions at once; functions have a service there as well, left out here. */
  readonly shownV1?: object;
}

export function seedServices(
  projects: readonly { readonly id: string; readonly number: string; readonly run: ServicesSeed }[],
  startMs: number,
): readonly Seeded[] {
  return projects.flatMap(({ id, number, run }) => {
    const standard = `${number}-compute@developer.gserviceaccount.com`;
    const nameOf = (kind: SeededKind, one: { location: string; id: string }): string =>
      `projects/${id}/locations/${one.location}/${kind}/${one.id}`;
    const head = (
      kind: SeededKind,
      one: { location: string; id: string; created: string; labels: object },
    ) => ({
      name: nameOf(kind, one),
      createTime: new Date(momentMs(one.created, startMs)).toISOString(),
      updateTime: new Date(momentMs(one.created, startMs)).toISOString(),
      ...(Object.keys(one.labels).length === 0 ? {} : { labels: one.labels }),
    });
    return [
      ...run.functions.map((one): Seeded => {
        const { plain, secret } = split(one.env);
        return {
          kind: 'functions',
          name: nameOf('functions', one),
          shown: {
            ...head('functions', one),
            environment: 'GEN_2',
            state: 'ACTIVE',
            buildConfig: { runtime: one.runtime, entryPoint: 'main' },
            serviceConfig: {
              serviceAccountEmail: one.serviceAccount ?? standard,
              ...(Object.keys(plain).length === 0 ? {} : { environmentVariables: plain }),
              ...(secret.length === 0
                ? {}
                : {
                    secretEnvironmentVariables: secret.map(([key, { secret: of, version }]) => ({
                      key,
                      projectId: id,
                      secret: of,
                      version,
                    })),
                  }),
            },
          },
        };
      }),
      ...run.services.map((one): Seeded => ({
        kind: 'services',
        name: nameOf('services', one),
        shown: {
          ...head('services', one),
          template: { serviceAccount: one.serviceAccount ?? standard, containers: [container(one)] },
        },
        shownV1: {
          apiVersion: 'serving.knative.dev/v1',
          kind: 'Service',
          metadata: { ...metadataV1(one, number, startMs), annotations: one.annotations },
          spec: {
            template: {
              metadata: { annotations: one.revisionAnnotations },
              spec: {
                serviceAccountName: one.serviceAccount ?? standard,
                containers: [containerV1(one)],
                ...(Object.keys(one.nodeSelector).length === 0 ? {} : { nodeSelector: one.nodeSelector }),
              },
            },
          },
        },
      })),
      ...run.workerPools.map((one): Seeded => ({
        kind: 'workerPools',
        name: nameOf('workerPools', one),
        shown: {},
        shownV1: {
          apiVersion: 'run.googleapis.com/v1',
          kind: 'WorkerPool',
          metadata: { ...metadataV1(one, number, startMs), annotations: one.annotations },
          spec: {
            template: {
              spec: {
                serviceAccountName: one.serviceAccount ?? standard,
                containers: [containerV1({ ...one, args: [] })],
                ...(Object.keys(one.nodeSelector).length === 0 ? {} : { nodeSelector: one.nodeSelector }),
              },
            },
          },
        },
      })),
      ...run.jobs.map((one): Seeded => ({
        kind: 'jobs',
        name: nameOf('jobs', one),
        shown: {
          ...head('jobs', one),
          template: {
            taskCount: 1,
            template: { serviceAccount: one.serviceAccount ?? standard, containers: [container(one)] },
          },
        },
        shownV1: {
          apiVersion: 'run.googleapis.com/v1',
          kind: 'Job',
          metadata: metadataV1(one, number, startMs),
          spec: {
            template: {
              spec: {
                taskCount: 1,
                template: {
                  spec: {
                    serviceAccountName: one.serviceAccount ?? standard,
                    containers: [containerV1(one)],
                  },
                },
              },
            },
          },
        },
      })),
    ];
  });
}

/** Those of a kind in a project, in all regions, in the form of Cloud Run's API v1. */
export function seededV1(
  seeded: readonly Seeded[],
  kind: 'services' | 'jobs' | 'workerPools',
  projectId: string,
): readonly object[] {
  return seeded
    .filter((one) => one.kind === kind && one.name.startsWith(`projects/${projectId}/`))
    .flatMap(({ shownV1 }) => shownV1 ?? []);
}

/** Those of a kind in a project and location; `-` stands for all. */
export function seededIn(
  seeded: readonly Seeded[],
  kind: SeededKind,
  projectId: string,
  location: string,
): readonly object[] {
  return seeded
    .filter((one) => one.kind === kind && one.name.startsWith(`projects/${projectId}/`))
    .filter((one) => location === '-' || one.name.split('/')[3] === location)
    .map((one) => one.shown);
}

/** One of them by its full name. Throws NOT_FOUND. */
export function requireSeeded(seeded: readonly Seeded[], name: string): object {
  const found = seeded.find((one) => one.name === name);
  if (found === undefined) throw new ApiError('NOT_FOUND', `Resource '${name}' was not found`);
  return found.shown;
}

function split(env: Env) {
  const plain: Record<string, string> = {};
  const secret: (readonly [string, Exclude<Env[string], string>])[] = [];
  for (const [name, value] of Object.entries(env))
    if (typeof value === 'string') plain[name] = value;
    else secret.push([name, value]);
  return { plain, secret };
}

function container({ env, args }: { readonly env: Env; readonly args: readonly string[] }): object {
  const variables = Object.entries(env).map(([name, value]) =>
    typeof value === 'string' ? { name, value } : { name, valueSource: { secretKeyRef: value } },
  );
  return {
    image: 'us-docker.pkg.dev/cloudrun/container/hello',
    ...(args.length === 0 ? {} : { args }),
    ...(variables.length === 0 ? {} : { env: variables }),
  };
}

function metadataV1(
  { id, location, created, labels }: { id: string; location: string; created: string; labels: object },
  number: string,
  startMs: number,
): object {
  return {
    name: id,
    namespace: number,
    creationTimestamp: new Date(momentMs(created, startMs)).toISOString(),
    labels: { ...labels, 'cloud.googleapis.com/location': location },
  };
}

function containerV1({ env, args }: { readonly env: Env; readonly args: readonly string[] }): object {
  const variables = Object.entries(env).map(([name, value]) =>
    typeof value === 'string'
      ? { name, value }
      : { name, valueFrom: { secretKeyRef: { name: value.secret, key: value.version } } },
  );
  return {
    image: 'us-docker.pkg.dev/cloudrun/container/hello',
    ...(args.length === 0 ? {} : { args }),
    ...(variables.length === 0 ? {} : { env: variables }),
  };
}
