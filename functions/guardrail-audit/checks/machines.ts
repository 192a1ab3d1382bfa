import { percentText } from '../../../shared/units.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import { addUsd, type UsdPerMonth } from '../../../shared/prices/money.ts';
import type { AuditConfig } from '../config.ts';
import type { AuditFacts, DeployedModelFacts, EndpointFacts, MachineFacts, MachineUse } from '../facts.ts';
import { both, type Gap } from '../reading.ts';
import { namesOf, resize } from './resize.ts';
import { smallerMachine } from './smaller-machine.ts';
import { checkTpus } from './tpus.ts';
import { judge, type Found, type Judgement, type Outcome } from './outcome.ts';
import { monthly } from './notebooks.ts';

export function checkMachines(facts: AuditFacts, config: AuditConfig): readonly Outcome[] {
  return [
    judge('gpu-oversized', both(facts.machines, facts.use), ([machines, use]) =>
      oversized(machines, use, config),
    ),
    judge('endpoint-idle', facts.endpoints, (endpoints) => idleEndpoints(endpoints, config)),
    checkTpus(facts, config),
  ];
}

/** A day at work at least, before its peaks say something. */
const MIN_RUNNING_HOURS = 24;

function oversized(
  machines: readonly MachineFacts[],
  use: ReadonlyMap<string, MachineUse>,
  config: AuditConfig,
): Judgement {
  const withGpu = machines.filter(
    ({ gpus, labels }) => gpus.length > 0 && labels[config.keepLabel] === undefined,
  );
  const found: Found[] = [];
  const gaps: string[] = [];
  for (const machine of withGpu) {
    const hours = use.get(machine.id);
    if (hours === undefined && !machine.running) continue;
    if (hours?.gpuPeak === undefined || hours.gpuMemoryPeak === undefined) {
      gaps.push(`${machine.name} has a GPU, and no agent reports how busy and how full it is`);
      continue;
    }
    const one = hours.runningHours < MIN_RUNNING_HOURS ? undefined : tooLarge(machine, hours, config);
    if (one !== undefined) found.push(one);
  }
  return { looked: withGpu.length, found, gaps };
}

function tooLarge(machine: MachineFacts, use: MachineUse, config: AuditConfig): Found | undefined {
  const { gpuPeak = 1, gpuMemoryPeak = 1, cpuPeak = 1, runningHours, windowHours } = use;
  if (gpuPeak >= config.maxIdlePeak || gpuMemoryPeak >= config.maxIdlePeak) return undefined;
  const smaller = smallerMachine(machine, { gpuPeak, gpuMemoryPeak, cpuPeak });
  const saves = smaller === undefined ? undefined : smaller.savesUsdPerHour;
  const { resource, machineType, gpus } = machine;
  return {
    resource,
    detail: `its GPUs peaked at ${percentText(gpuPeak, 0)}, their memory at ${percentText(gpuMemoryPeak, 0)}, its cores at ${percentText(cpuPeak, 0)} in ${runningHours} running hours${smaller === undefined ? '' : `; ${namesOf(smaller)} is enough`}`,
    evidence: {
      machineType,
      gpus: gpus.map(({ type, count }) => `${count} x ${type}`),
      gpuPeakPercent: Math.round(gpuPeak * 100),
      gpuMemoryPeakPercent: Math.round(gpuMemoryPeak * 100),
      cpuPeakPercent: Math.round(cpuPeak * 100),
      runningHours,
      ...(smaller === undefined ? {} : { smaller: namesOf(smaller) }),
    },
    ...(saves === undefined ? {} : { usdPerMonth: monthly(saves, runningHours / windowHours) }),
    commands: resize(machine, smaller, config.project),
  };
}

/** So young a deployment may wait for its first caller. */
function idleEndpoints(endpoints: readonly EndpointFacts[], config: AuditConfig): Judgement {
  const serving = endpoints.filter(({ models }) => models.length > 0);
  const unknown = serving.filter(({ predictions }) => predictions === undefined);
  return {
    looked: serving.length,
    found: serving.flatMap((endpoint) => uncalled(endpoint, config)),
    gaps: uncounted(unknown, serving.length),
  };
}

function uncounted(unknown: readonly EndpointFacts[], serving: number): readonly Gap[] {
  if (unknown.length === 0) return [];
  const why = `whether ${unknown.length} of ${serving} endpoints are called could not be read`;
  return unknown.every(({ isUncounted }) => isUncounted === true)
    ? [{ why: `${why}: Monitoring is off in the project`, isOffHere: true }]
    : [why];
}

function uncalled(
  { resource, displayName, models, predictions }: EndpointFacts,
  { project }: AuditConfig,
): readonly Found[] {
  if (predictions === undefined) return [];
  const idle = models.filter(({ id, minReplicas }) => minReplicas > 0 && (predictions.get(id) ?? 0) === 0);
  if (idle.length === 0) return [];
  const [, , , region = '', , endpoint = ''] = resource.split('/');
  return [
    {
      resource,
      detail: `${JSON.stringify(displayName)} keeps ${idle.map(replicas).join(', ')} up, and nothing called ${idle.length === 1 ? 'it' : 'them'}`,
      evidence: { models: idle.map(({ displayName: name, id }) => `${name} (${id})`) },
      usdPerMonth: sumOf(idle),
      commands: idle.map(
        ({ id }) =>
          `gcloud ai endpoints undeploy-model ${endpoint} --deployed-model-id=${id} --region=${region} --project=${shellWord(project)}`,
      ),
    },
  ];
}

function replicas({ displayName, minReplicas, machineType }: DeployedModelFacts): string {
  return `${minReplicas} x ${machineType} for ${JSON.stringify(displayName)}`;
}

function sumOf(models: readonly DeployedModelFacts[]): UsdPerMonth {
  let sum = { low: 0, high: 0 };
  for (const { usdPerMonth } of models) {
    if (usdPerMonth === 'unpriced') return usdPerMonth;
    sum = addUsd(sum, usdPerMonth);
  }
  return sum;
}
