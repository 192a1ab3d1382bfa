import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { discovery } from '../sandbox/discovery/catalog.ts';
import { EXCEPTIONS, OUTSIDE } from '../sandbox/discovery/exceptions.ts';
import { startInstance, withSandbox } from '../support/in-process.ts';
import { contradictions } from '../support/witness.ts';
import { exercises } from './exercises.ts';

describe("Google's discovery data, as a second witness", () => {
  for (const [index, { scenario, before, run, ...options }] of exercises.entries())
    it(`knows every call of ${options.name} (exercise ${index + 1})`, async () => {
      await withSandbox({ scenario, frozen: true }, async (sandbox) => {
        await before?.(sandbox);
        await run(sandbox, startInstance(sandbox, { ...options, pauses: 'sandbox' }));
        const calls = sandbox.callLog.calls();
        assert.ok(calls.length > 5, `${calls.length} calls`);
        assert.deepEqual(contradictions(calls), []);
      });
    });

  it('contradicts a path, a parameter, a field deep inside and a value that Google does not have', () => {
    const call = {
      sequence: 1,
      at: '',
      id: '',
      method: 'POST',
      host: 'europe-west4-aiplatform.googleapis.com',
      path: '/v1/projects/p/locations/europe-west4/endpoints/1:deployModel',
      query: '?dryRun=true',
      principal: '',
      body: JSON.stringify({ deployedModel: { dedicatedResources: { machineSpec: { machine: 'n1' } } } }),
      bodyBytes: 1,
      contentType: 'application/json',
      status: 200,
      permissions: [],
    };
    const patch = {
      ...call,
      method: 'PATCH',
      host: 'storage.googleapis.com',
      path: '/storage/v1/b/b',
      query: '?projection=all',
      body: JSON.stringify({ lifecycle: { rule: [{ condition: { age: '365d' } }] } }),
    };
    assert.deepEqual(
      contradictions([call, { ...call, path: '/v1/projects/p/locations/l/endpoint' }, patch]),
      [
        'aiplatform:v1 aiplatform.projects.locations.endpoints.deployModel: Invalid JSON payload received. Unknown name "dryRun": Cannot bind query parameter. Field \'dryRun\' could not be found in request message.',
        'aiplatform:v1 aiplatform.projects.locations.endpoints.deployModel: Invalid JSON payload received. Unknown name "machine" at \'deployedModel.dedicatedResources.machineSpec\': Cannot find field.',
        'POST europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoint: no such method',
        'storage:v1 storage.buckets.patch: Invalid value at \'projection\' (one of full, noAcl), "all"',
        'storage:v1 storage.buckets.patch: Invalid value at \'lifecycle.rule[0].condition.age\' (TYPE_DOUBLE), "365d"',
      ],
    );
  });

  it('has a source and a date, and a reason for each exception', () => {
    assert.match(discovery.source, /googleapis \d+\.\d+\.\d+/);
    assert.match(discovery.frozen, /^\d{4}-\d\d-\d\d$/);
    for (const { reason } of [...EXCEPTIONS, ...OUTSIDE]) assert.ok(reason.length > 20, reason);
  });
});
