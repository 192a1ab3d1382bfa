import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface SmallCloud {
  readonly port: number;
  /** Every request as `METHOD path body`, in order, since the last call of `takeRequests`. */
  takeRequests(): string[];
  close(): void;
}

/**
 * The few answers that `client-probe` needs, over plain HTTP: metadata server, Monitoring, Pub/Sub and Notebooks.
 * A path with `status-NNN` in it fails with that status, one with `reset` loses its connection.
 */
export async function startSmallCloud(): Promise<SmallCloud> {
  let requests: string[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).then((line) => requests.push(line));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    takeRequests: () => {
      const taken = requests;
      requests = [];
      return taken;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<string> {
  const url = request.url ?? '';
  const body = await text(request);
  const send = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { 'Content-Type': 'application/json; charset=UTF-8', ...headers });
    response.end(typeof value === 'string' ? value : JSON.stringify(value));
  };
  const failure = /status-(\d+)/.exec(url)?.[1];
  if (url.startsWith('/computeMetadata/')) {
    const flavor = { 'Metadata-Flavor': 'Google' };
    if (url.includes('universe')) send(200, 'googleapis.com', flavor);
    else if (url.includes('/token'))
      send(200, { access_token: 't', expires_in: 3600, token_type: 'Bearer' }, flavor);
    else send(200, 'ok', flavor);
  } else if (failure !== undefined) send(Number(failure), errorBody(Number(failure)));
  else if (url.includes('reset')) request.socket.destroy();
  else if (url.includes('not-json')) send(200, '<html>');
  else if (url.includes('/timeSeries')) send(200, timeSeries);
  else if (url.includes(':publish')) send(200, { messageIds: ['17'] });
  else if (url.includes(':stop')) send(200, operation(false));
  else if (url.includes('/operations/')) send(200, operation(true));
  else if (url.includes('/instances/')) send(200, instance);
  else send(200, { ok: true });
  return `${request.method ?? ''} ${url} ${body}`;
}

/** Includes what a careless bundle gets wrong: 64-bit integers, numeric enums, map fields, Any details, defaults. */
const timeSeries = {
  timeSeries: [
    {
      metric: { type: 'm', labels: { gpu: '0' } },
      resource: { type: 'gce_instance', labels: { instance_id: '8034501234567890123' } },
      metadata: { systemLabels: { name: 'n', list: [1, null, true, { a: 'b' }] }, userLabels: { team: 'x' } },
      metricKind: 2,
      valueType: 2,
      points: [
        {
          interval: { startTime: '2026-11-01T00:00:00.000000001Z', endTime: '2026-11-01T00:01:00Z' },
          value: { int64Value: '9007199254740993' },
        },
        { interval: { endTime: '2026-11-01T00:00:00Z' }, value: { doubleValue: 0 } },
        {
          interval: { endTime: '2026-11-01T00:00:00Z' },
          value: {
            distributionValue: {
              count: '9223372036854775807',
              mean: 'NaN',
              bucketOptions: { explicitBuckets: { bounds: [0, 1.5] } },
              exemplars: [
                {
                  value: 1,
                  attachments: [
                    {
                      '@type': 'type.googleapis.com/google.monitoring.v3.SpanContext',
                      spanName: 'projects/p/traces/t',
                    },
                    { '@type': 'type.googleapis.com/google.monitoring.v3.DroppedLabels', label: { a: 'b' } },
                  ],
                },
              ],
            },
          },
        },
      ],
      unit: 'By',
    },
  ],
  nextPageToken: 'next',
  executionErrors: [{ code: 8, message: 'too much data', details: [] }],
  unit: 'By',
};

const instance = {
  name: 'projects/ok/locations/l/instances/i',
  state: 'STOPPED',
  labels: { 'costguard-keep': 'true' },
  gceSetup: { machineType: 'n1-standard-4', metadata: { 'idle-timeout-seconds': '3600' } },
  updateTime: '2026-11-18T21:40:00.123456789Z',
};

/** Of a stop, with what it results in once it is done. */
function operation(done: boolean): unknown {
  return {
    name: 'projects/ok/locations/l/operations/o',
    metadata: {
      '@type': 'type.googleapis.com/google.cloud.notebooks.v2.OperationMetadata',
      verb: 'stop',
      createTime: '2026-11-18T21:40:00Z',
    },
    done,
    ...(done
      ? { response: { '@type': 'type.googleapis.com/google.cloud.notebooks.v2.Instance', ...instance } }
      : {}),
  };
}

const statusNames: Readonly<Record<number, string>> = {
  403: 'PERMISSION_DENIED',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

function errorBody(code: number): unknown {
  return {
    error: {
      code,
      message: `It is ${code}.`,
      status: statusNames[code],
      errors: [{ message: `It is ${code}.`, domain: 'global', reason: 'conditionNotMet' }],
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'IAM_PERMISSION_DENIED',
          domain: 'iam.googleapis.com',
          metadata: { permission: 'monitoring.timeSeries.list' },
        },
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' },
      ],
    },
  };
}
