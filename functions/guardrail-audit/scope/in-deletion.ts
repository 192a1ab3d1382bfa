import { inDeletionText } from '../../../shared/google/projects.ts';
import { Refusal } from '../../../shared/run/handle-request.ts';

/** Of a project in state DELETE_REQUESTED, which a scope may still name. Listings of folders leave it out. */
export class InDeletion extends Refusal {
  constructor(projectId: string) {
    super(404, `Cannot audit project "${projectId}": ${inDeletionText(projectId)}`);
  }
}
