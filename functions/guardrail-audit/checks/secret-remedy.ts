import { resourceId } from '../../../shared/google/resource-name.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';

/**
 * The command that takes a credential out of its place, once Secret Manager has the new one; none where a job is over. Without `--gen2` gcloud takes
 * the generation of a function that exists (FunctionResourceCommand of gcloud 528), and first ones are listed as well. Without `--source` it would
 * deploy the folder that it is called in over the function (`_GetSource` of its v2 deploy), and `--set-secrets` would drop the function's other secrets.
 */
export function changeOf(resource: string, place: string, project: string): readonly string[] {
  const [, kind = '', key = ''] = /^([^/]*)\/?(.*)$/s.exec(place) ?? [];
  const name = shellWord(resourceId(resource));
  const [, , , where = ''] = resource.split('/');
  const at = `--project=${shellWord(project)}`;
  switch (collectionOf(resource)) {
    case 'projects':
      return kind === 'project-metadata'
        ? [`gcloud compute project-info remove-metadata --keys=${shellWord(key)} ${at}`]
        : [];
    case 'instances':
      if (kind !== 'metadata') return [];
      return resource.includes('/zones/')
        ? [`gcloud compute instances remove-metadata ${name} --zone=${where} --keys=${shellWord(key)} ${at}`]
        : [
            `gcloud workbench instances update ${name} --location=${where} --metadata=${shellWord(`${key}=`)} ${at}`,
          ];
    case 'services':
      return kind === 'env'
        ? [
            `gcloud run services update ${name} --region=${where} --remove-env-vars=${shellWord(key)} ${at}`,
            `gcloud run services update ${name} --region=${where} --update-secrets=${shellWord(`${key}=SECRET_NAME:latest`)} ${at}`,
          ]
        : [];
    case 'jobs':
      return kind === 'env'
        ? [
            `gcloud run jobs update ${name} --region=${where} --remove-env-vars=${shellWord(key)} ${at}`,
            `gcloud run jobs update ${name} --region=${where} --update-secrets=${shellWord(`${key}=SECRET_NAME:latest`)} ${at}`,
          ]
        : [];
    case 'functions':
      if (kind === 'build-env')
        return [
          `gcloud functions deploy ${name} --region=${where} --source=SOURCE_FOLDER --remove-build-env-vars=${shellWord(key)} ${at}`,
        ];
      return kind === 'env'
        ? [
            `gcloud functions deploy ${name} --region=${where} --source=SOURCE_FOLDER --remove-env-vars=${shellWord(key)} --update-secrets=${shellWord(`${key}=SECRET_NAME:latest`)} ${at}`,
          ]
        : [];
    default:
      return [];
  }
}

function collectionOf(resource: string): string {
  return resource.split('/').at(-2) ?? '';
}
