import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import type { Sample, Series } from '../services/monitoring/series.ts';
import { loadSchema, type LoadInput } from './shapes.ts';
import { vmSeries, type VmSeriesOptions } from './vm-series.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-18T12:00:00Z');
const CPU = 'compute.googleapis.com/instance/cpu/utilization';
const SENT = 'compute.googleapis.com/instance/network/sent_bytes_count';
const GPU = 'agent.googleapis.com/gpu/utilization';
const GPU_MEMORY = 'agent.googleapis.com/gpu/memory/bytes_used';

function seriesOf(load: LoadInput, more: Partial<VmSeriesOptions> = {}): Series[] {
  return vmSeries({
    projectId: 'ml-dev',
    zone: 'europe-west4-a',
    instanceId: '42',
    instanceName: 'trainer',
    load: loadSchema.parse(load),
    startMs: START,
    runningAt: () => true,
    ...more,
  });
}

function pick(all: readonly Series[], type: string): Series[] {
  return all.filter(({ metric }) => metric.type === type);
}

function hour(series: Series | undefined): Sample[] {
  return [...(series?.points(START - 60 * MINUTE, START) ?? [])];
}

describe('vmSeries', () => {
  test('a running VM has CPU, uptime, network and disk, each a point a minute on the minute', () => {
    const all = seriesOf({});
    assert.deepEqual(
      all.map(({ metric }) => metric.type),
      [
        CPU,
        'compute.googleapis.com/instance/uptime',
        SENT,
        'compute.googleapis.com/instance/network/received_bytes_count',
        'compute.googleapis.com/instance/disk/read_bytes_count',
        'compute.googleapis.com/instance/disk/write_bytes_count',
      ],
    );
    for (const series of all) {
      const points = hour(series);
      assert.equal(points.length, 60);
      assert.equal(points[0]?.atMs, START - 59 * MINUTE);
      assert.equal(points.at(-1)?.atMs, START);
      assert.deepEqual(series.resource, {
        type: 'gce_instance',
        labels: { project_id: 'ml-dev', instance_id: '42', zone: 'europe-west4-a' },
      });
    }
  });

  test('network is bytes per second in the scenario and bytes a minute in the metric', () => {
    const [sent] = pick(seriesOf({ networkSent: 20.51 }), SENT);
    assert.deepEqual(sent?.metric.labels, { instance_name: 'trainer', loadbalanced: 'false' });
    assert.deepEqual([sent.metricKind, sent.valueType, sent.unit], ['DELTA', 'INT64', 'By']);
    assert.equal(hour(sent)[0]?.value, 1231);
  });

  test('an interval that does not begin on a minute begins with the next one', () => {
    const [cpu] = pick(seriesOf({ cpu: 0.5 }), CPU);
    const points = [...(cpu?.points(START - 90_000, START - 1) ?? [])];
    assert.deepEqual(points, [{ atMs: START - MINUTE, value: 0.5 }]);
  });

  test('no metric has a point while the VM is off', () => {
    const runningAt = (atMs: number): boolean => atMs < START - 30 * MINUTE || atMs >= START - 10 * MINUTE;
    for (const series of seriesOf({ gpus: 5, gpuMemory: 0.5, diskRead: 1 }, { runningAt })) {
      const minutes = hour(series).map(({ atMs }) => (atMs - START) / MINUTE);
      assert.equal(minutes.length, 40);
      assert(minutes.every((minute) => minute < -30 || minute >= -10));
    }
  });

  test('one GPU shape stands for all GPUs, each with its own values', () => {
    const accelerators = [{ type: 'NVIDIA_TESLA_T4', count: 2 }];
    const gpus = pick(seriesOf({ gpus: { shape: 'noise', level: 50, spread: 9 } }, { accelerators }), GPU);
    assert.deepEqual(
      gpus.map(({ metric }) => [metric.labels['gpu_number'], metric.labels['model']]),
      [
        ['0', 'Tesla T4'],
        ['1', 'Tesla T4'],
      ],
    );
    assert.notEqual(gpus[0]?.metric.labels['uuid'], gpus[1]?.metric.labels['uuid']);
    assert.notDeepEqual(hour(gpus[0]), hour(gpus[1]));
  });

  test('a list of GPU shapes has one per GPU; `none` leaves a GPU out', () => {
    const gpus = pick(seriesOf({ gpus: [0, 'none', 97] }), GPU);
    assert.deepEqual(
      gpus.map((series) => [series.metric.labels['gpu_number'], hour(series)[0]?.value]),
      [
        ['0', 0],
        ['2', 97],
      ],
    );
  });

  test('a forgotten kernel holds GPU memory, uses no GPU and next to nothing else', () => {
    const all = seriesOf('forgotten-kernel', { accelerators: [{ type: 'nvidia-tesla-t4', count: 1 }] });
    const peak = (type: string): number =>
      Math.max(...pick(all, type).flatMap((series) => hour(series).map(({ value }) => value)));
    assert.equal(peak(GPU), 0);
    assert(peak(CPU) > 0 && peak(CPU) <= 0.01);
    assert(peak(SENT) > 600 * 60 && peak(SENT) <= 900 * 60);
    const memory = pick(all, GPU_MEMORY).map((series) => [
      series.metric.labels['memory_state'],
      hour(series)[0]?.value,
    ]);
    assert.deepEqual(memory, [
      ['used', Math.round(0.62 * 16 * 2 ** 30)],
      ['free', Math.round(0.38 * 16 * 2 ** 30)],
    ]);
  });

  test('used and free memory add up, whatever the noise', () => {
    const all = pick(
      seriesOf({ gpus: 0, gpuMemory: { shape: 'noise', level: 0.5, spread: 0.4 } }),
      GPU_MEMORY,
    );
    const [used, free] = all.map(hour);
    for (const [index, { value }] of (used ?? []).entries())
      assert.equal(value + (free?.[index]?.value ?? 0), 40 * 2 ** 30);
  });

  test('makes the wanted metric only', () => {
    assert.deepEqual(
      seriesOf({ gpus: 1 }, { metricType: GPU }).map(({ metric }) => metric.type),
      [GPU],
    );
  });
});
