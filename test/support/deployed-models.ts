/** Models of one endpoint with the settings that a deployment may have (google/cloud/aiplatform/v1/endpoint.proto). */
export const PROJECT = { projectId: 'demo-ml', number: '101' };
export const ENDPOINT = 'projects/101/locations/us-central1/endpoints/71';

const model = 'projects/101/locations/us-central1/models/5501';
const metric = (name: string, target?: number) => ({
  metricName: `aiplatform.googleapis.com/prediction/online/${name}`,
  ...(target === undefined ? {} : { target }),
});

export const DEPLOYED = {
  gpu: {
    id: '1',
    model,
    modelVersionId: '2',
    displayName: 'the ranker',
    serviceAccount: 'm@demo-ml.iam.gserviceaccount.com',
    dedicatedResources: {
      machineSpec: {
        acceleratorType: 'NVIDIA_L4',
        acceleratorCount: 2,
        machineType: 'g2-standard-24',
      },
      minReplicaCount: 2,
      maxReplicaCount: 6,
      autoscalingMetricSpecs: [metric('cpu/utilization', 70), metric('accelerator/duty_cycle')],
      spot: true,
    },
    enableAccessLogging: true,
    disableContainerLogging: true,
  },
  automatic: {
    id: '2',
    model,
    displayName: '',
    serviceAccount: '',
    automaticResources: { minReplicaCount: 1, maxReplicaCount: 3 },
    enableAccessLogging: false,
  },
  tpu: {
    id: '3',
    model,
    dedicatedResources: {
      machineSpec: {
        machineType: 'ct5lp-hightpu-4t',
        acceleratorType: 'TPU_V5_LITEPOD',
        tpuTopology: '2x2',
      },
      minReplicaCount: 0,
      requiredReplicaCount: 1,
      autoscalingMetricSpecs: [metric('request_count', 100)],
    },
    sharedResources: 'projects/101/locations/us-central1/deploymentResourcePools/pool',
  },
};
