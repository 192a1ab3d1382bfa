import assert from 'node:assert/strict';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { it } from 'vitest';
import { startSandbox, type Sandbox } from '../sandbox.ts';
import { parseScenario } from '../scenario.ts';

const SCENARIO = parseScenario({
  name: 'two projects',
  clock: '2026-11-18T21:40:00Z',
  projects: ['ml-lab', 'ml-ops'].map((id, index) => ({
    id,
    number: `10000000000${index}`,
    notebooks: [{ id: 'nb', zone: 'us-central1-a', machineType: 'e2-standard-4' }],
  })),
});

async function stateOf(sandbox: Sandbox, project: string, account: string): Promise<string> {
  const path = `/v2/projects/${project}/locations/us-central1-a/instances/nb`;
  const host = 'notebooks.googleapis.com';
  const requested = request({
    ca: readFileSync(sandbox.caFile),
    host: '127.0.0.1',
    port: sandbox.port,
    servername: host,
    path,
    headers: { host, authorization: `Bearer ${sandbox.issueToken(account)}` },
  });
  requested.end();
  const [response] = (await once(requested, 'response')) as [IncomingMessage];
  const answer = JSON.parse(await text(response)) as { state?: string };
  return `${response.statusCode} ${answer.state}`;
}

for (const remembers of [false, true])
  it(`startSandbox: an answer is ${remembers ? 'given again' : 'made anew'} where it ${remembers ? 'remembers' : 'does not remember'}`, async () => {
    const sandbox = await startSandbox({ scenario: SCENARIO, frozen: true, remembers });
    try {
      assert.equal(await stateOf(sandbox, 'ml-lab', 'owner@example.com'), '200 ACTIVE');
      sandbox.fleet.stopNotebook('projects/ml-lab/locations/us-central1-a/instances/nb');
      const now = remembers ? 'ACTIVE' : 'STOPPING';
      assert.equal(await stateOf(sandbox, 'ml-lab', 'owner@example.com'), `200 ${now}`);
      // What one may see is not shown to another, and every call is in the log.
      assert.equal(await stateOf(sandbox, 'ml-lab', 'outsider@example.com'), '403 undefined');
      assert.equal(sandbox.callLog.calls('notebooks.projects.locations.instances.get').length, 3);
    } finally {
      await sandbox.close();
    }
  });
