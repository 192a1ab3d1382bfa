import type { Vertex, VertexJob } from '../vertex/state.ts';

const SERVICE = {
  customJobs: 'JobService.CreateCustomJob',
  hyperparameterTuningJobs: 'JobService.CreateHyperparameterTuningJob',
  tuningJobs: 'GenAiTuningService.CreateTuningJob',
} as const;

/** The audit log of admin activity of a project: an entry for each job of Vertex AI whose maker the scenario names. */
export function auditEntries(
  vertex: Vertex,
  projectId: string,
): readonly Readonly<Record<string, unknown>>[] {
  return [...vertex.jobs.values()]
    .filter((job) => job.projectId === projectId && job.startedBy !== undefined)
    .map(entryOf);
}

/** Fields: google/cloud/audit/audit_log.proto. The entry is written when the job is there, a moment later. */
function entryOf({
  projectId,
  name,
  location,
  kind,
  createdMs,
  startedBy,
}: VertexJob): Readonly<Record<string, unknown>> {
  const timestamp = new Date(createdMs + 300).toISOString();
  const method = `google.cloud.aiplatform.v1.${SERVICE[kind]}`;
  return {
    insertId: name.split('/').at(-1),
    logName: `projects/${projectId}/logs/cloudaudit.googleapis.com%2Factivity`,
    resource: {
      type: 'audited_resource',
      labels: { project_id: projectId, service: 'aiplatform.googleapis.com', method },
    },
    timestamp,
    receiveTimestamp: timestamp,
    severity: 'NOTICE',
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'aiplatform.googleapis.com',
      methodName: method,
      resourceName: `projects/${projectId}/locations/${location}`,
      authenticationInfo: { principalEmail: startedBy },
      response: { name },
    },
  };
}
