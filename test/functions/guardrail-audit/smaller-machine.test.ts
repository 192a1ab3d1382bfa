import { describe, expect, it } from 'vitest';
import { smallerMachine } from '../../../functions/guardrail-audit/checks/smaller-machine.ts';
import { judgeProject } from '../../../functions/guardrail-audit/decide.ts';
import { whole } from '../../../functions/guardrail-audit/reading.ts';
import { catalogMachine } from '../../../shared/prices/machine-catalog.ts';
import { clean, config, notebook, NOW } from '../../support/guardrail-facts.ts';

const A100 = {
  machineType: 'a2-highgpu-1g',
  zone: 'us-central1-a',
  gpus: [{ type: 'nvidia-tesla-a100', count: 1 }],
};
const IDLE = { gpuPeak: 0.02, gpuMemoryPeak: 0.05, cpuPeak: 0.1 };

describe('smallerMachine', () => {
  it('finds what costs less, and never with less memory than the present machine has: nothing measures that', () => {
    const found = smallerMachine(A100, IDLE);
    expect(found?.savesUsdPerHour).toBeGreaterThan(0.5);
    expect(catalogMachine(found?.machineType ?? '')?.memoryGib).toBeGreaterThanOrEqual(
      catalogMachine(A100.machineType)?.memoryGib ?? Infinity,
    );
  });

  it.each([
    ['is full', { ...IDLE, gpuMemoryPeak: 0.95, gpuPeak: 0.9, cpuPeak: 0.9 }, A100],
    ['has no price', IDLE, { ...A100, machineType: 'a9-newgpu-1g' }],
    ['has no GPU', IDLE, { machineType: 'n1-standard-4', zone: 'us-central1-a', gpus: [] }],
  ])('finds none for a machine that %s', (_, peaks, machine) => {
    expect(smallerMachine(machine, peaks)).toBeUndefined();
  });

  it('puts its saving and the commands of the change into the finding', () => {
    const machine = { ...notebook, ...A100, running: true };
    const use = { windowHours: 720, runningHours: 720, busyHours: 400, ...IDLE };
    const facts = { ...clean, machines: whole([machine]), use: whole(new Map([[machine.id, use]])) };
    const [finding] =
      judgeProject(facts, config, NOW).find(({ rule }) => rule === 'gpu-oversized')?.found ?? [];
    const saves = smallerMachine(A100, IDLE)?.savesUsdPerHour ?? 0;
    expect(finding?.usdPerMonth).toEqual({ low: saves * 730, high: saves * 730 });
    expect(finding?.commands[1]).toMatch(
      /^gcloud workbench instances update \S+ --machine-type=\S+ (?:--accelerator-type=NVIDIA_\w+ --accelerator-core-count=\d )?--location=us-central1-a /,
    );
  });
});
