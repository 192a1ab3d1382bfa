import { describe, expect, it } from 'vitest';
import { consoleUrl } from '../../../shared/report/console-link.ts';

const CONSOLE = 'https://console.cloud.google.com';

describe('links to the console', () => {
  it.each([
    [
      'projects/p/zones/us-central1-a/instances/vm-1',
      '/compute/instancesDetail/zones/us-central1-a/instances/vm-1?project=p',
    ],
    [
      'projects/p/locations/us-central1-a/instances/nb',
      '/vertex-ai/workbench/locations/us-central1-a/instances/nb?project=p',
    ],
    ['gs://my-data ReadObject', '/storage/browser/my-data'],
    ['gs://my-data', '/storage/browser/my-data'],
    [
      'projects/example.com:p/zones/z/instances/a b',
      '/compute/instancesDetail/zones/z/instances/a%20b?project=example.com%3Ap',
    ],
  ])('%s', (resource, path) => {
    expect(consoleUrl(resource)).toBe(`${CONSOLE}${path}`);
  });

  it.each([
    'projects/p/instances/1234',
    'projects/p/forwardingRules/web',
    'javascript:alert(1)',
    'gs://"><script>',
    'projects/p/zones/z/instances/a/../../x',
  ])('none for %s', (resource) => {
    expect(consoleUrl(resource)).toBeUndefined();
  });
});
