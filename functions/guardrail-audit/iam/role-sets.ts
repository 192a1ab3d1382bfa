/** A job in a machine-learning team. */
export const JOBS = ['data-scientist', 'ml-engineer', 'pipeline'] as const;
export type Job = (typeof JOBS)[number];

/**
 * What each job needs on a project, and no more. `bigquery.jobUser` stands beside the data roles: these let an account read a
 * table, and it takes `bigquery.jobs.create`, which neither dataViewer nor dataEditor has, to run a query over it. The
 * pipeline's actAs belongs on the one account that it deploys as, and is no role of the project.
 */
export const ROLE_SETS: Readonly<Record<Job, readonly string[]>> = {
  'data-scientist': [
    'roles/aiplatform.user',
    'roles/bigquery.dataViewer',
    'roles/bigquery.jobUser',
    'roles/storage.objectCreator',
    'roles/storage.objectViewer',
  ],
  'ml-engineer': [
    'roles/aiplatform.admin',
    'roles/artifactregistry.admin',
    'roles/bigquery.jobUser',
    'roles/cloudbuild.builds.editor',
    'roles/storage.admin',
  ],
  pipeline: [
    'roles/aiplatform.user',
    'roles/artifactregistry.reader',
    'roles/bigquery.dataEditor',
    'roles/bigquery.jobUser',
    'roles/storage.objectAdmin',
  ],
};

/** Reads alone, and what every member of a project may have beside its set. */
export const HARMLESS: ReadonlySet<string> = new Set([
  'roles/browser',
  'roles/viewer',
  'roles/logging.logWriter',
  'roles/logging.viewer',
  'roles/monitoring.metricWriter',
  'roles/monitoring.viewer',
  'roles/notebooks.viewer',
  'roles/secretmanager.secretAccessor',
  'roles/serviceusage.serviceUsageConsumer',
]);
