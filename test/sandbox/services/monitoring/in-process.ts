import { ApiError, errorBody } from '../../http/api-error.ts';
import type { Call, Route } from '../../http/route.ts';
import type { Series } from './series.ts';

/** Answers a GET request by a service's routes without a server. */
export async function answer(
  routes: readonly Route[],
  address: string | URL,
): Promise<{ status: number; body: unknown }> {
  const url = new URL(address);
  for (const route of routes) {
    const match = route.path.exec(decodeURI(url.pathname));
    if (route.host !== url.host || route.method !== 'GET' || match === null) continue;
    const call: Call = {
      method: 'GET',
      host: url.host,
      url,
      headers: {},
      params: { ...match.groups },
      query: url.searchParams,
      body: Buffer.alloc(0),
      json: () => ({}),
      principal: 'someone@example.com',
    };
    try {
      const reply = await route.handle(call);
      return { status: reply.status ?? 200, body: reply.body };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, body: errorBody(error.status, error.code, error.message) };
    }
  }
  throw new Error(`Cannot answer "${url.href}": no route`);
}

/** A CPU series of VM `id` with these values on the minutes that end at `endMs`, the last value there. */
export function cpuSeries(
  id: string,
  endMs: number,
  values: readonly number[],
  zone = 'europe-west4-a',
): Series {
  return seriesOf(
    'compute.googleapis.com/instance/cpu/utilization',
    { instance_name: `vm-${id}` },
    id,
    zone,
    endMs,
    values,
  );
}

/** A series of bytes that VM `id` sent. */
export function sentSeries(
  id: string,
  endMs: number,
  values: readonly number[],
  zone = 'europe-west4-a',
): Series {
  const type = 'compute.googleapis.com/instance/network/sent_bytes_count';
  return {
    ...seriesOf(type, { instance_name: `vm-${id}`, loadbalanced: 'false' }, id, zone, endMs, values),
    metricKind: 'DELTA',
    valueType: 'INT64',
    unit: 'By',
  };
}

function seriesOf(
  type: string,
  labels: Readonly<Record<string, string>>,
  id: string,
  zone: string,
  endMs: number,
  values: readonly number[],
): Series {
  const samples = values.map((value, index) => ({
    atMs: endMs - (values.length - 1 - index) * 60_000,
    value,
  }));
  return {
    metric: { type, labels },
    resource: { type: 'gce_instance', labels: { project_id: 'ml-dev', instance_id: id, zone } },
    metricKind: 'GAUGE',
    valueType: 'DOUBLE',
    unit: '10^2.%',
    points: (fromMs, toMs) => samples.filter(({ atMs }) => atMs > fromMs && atMs <= toMs),
  };
}
