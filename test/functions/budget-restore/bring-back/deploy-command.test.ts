import { describe, expect, it } from 'vitest';
import { deployCommands } from '../../../../functions/budget-restore/bring-back/deploy-command.ts';
import { DEPLOYED, ENDPOINT, PROJECT } from '../../../support/deployed-models.ts';

const commandOf = (model: { readonly id: string }) =>
  deployCommands({ resource: ENDPOINT }, [model], PROJECT);
const MODEL = '--model=projects/101/locations/us-central1/models/5501';
const END = '--region=us-central1 --project=demo-ml; that does not set: the traffic split';

describe('deployCommands', () => {
  it('has all settings of a model that gcloud takes', () => {
    expect(commandOf(DEPLOYED.gpu)).toBe(
      `gcloud ai endpoints deploy-model 71 ${MODEL}@2 --display-name='the ranker' --service-account=m@demo-ml.iam.gserviceaccount.com --accelerator=type=nvidia-l4,count=2 --machine-type=g2-standard-24 --min-replica-count=2 --max-replica-count=6 --autoscaling-metric-specs=cpu-usage=70,gpu-duty-cycle=60 --spot --enable-access-logging --disable-container-logging ${END}`,
    );
    expect(commandOf(DEPLOYED.automatic)).toBe(
      `gcloud ai endpoints deploy-model 71 ${MODEL} --display-name=2 --min-replica-count=1 --max-replica-count=3 ${END}`,
    );
  });

  it('names what gcloud has no flag for', () => {
    expect(commandOf(DEPLOYED.tpu)).toBe(
      `gcloud ai endpoints deploy-model 71 ${MODEL} --display-name=3 --machine-type=ct5lp-hightpu-4t ${END}, dedicatedResources.machineSpec.acceleratorType, dedicatedResources.machineSpec.tpuTopology, dedicatedResources.minReplicaCount, dedicatedResources.requiredReplicaCount, dedicatedResources.autoscalingMetricSpecs, sharedResources`,
    );
  });
}); // prettier-ignore
