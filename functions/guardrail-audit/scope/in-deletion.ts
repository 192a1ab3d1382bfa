import { Refusal } from '../../../shared/run/handle-request.ts';

/**
 * Of a project in state DELETE_REQUESTED, which a scope may still name: nothing runs in it, its APIs refuse every call, and after 30
 * days it is gone. Listings of folders leave it out. Source: https://cloud.google.com/resource-manager/docs/creating-managing-projects
 */
export class InDeletion extends Refusal {
  constructor(projectId: string) {
    super(404, `Cannot audit project "${projectId}": ${inDeletionText(projectId)}`);
  }
}

export function inDeletionText(projectId: string): string {
  return `it is in deletion, and nothing runs in it; where it should stay: gcloud projects undelete ${projectId}`;
}
