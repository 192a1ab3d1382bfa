import { describe, expect, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { withBench } from './bench.ts';

describe('deploy.sh in a project without APIs', () => {
  it('enables at most 20 in one request, and each once', () =>
    withBench(async (bench) => {
      expect(await deployCommand([...bench.place], bench.tools)).toBe(0);
      const requests = bench.gcloud.writes
        .filter((args) => args.includes('services') && args.includes('enable'))
        .map((args) => args.filter((one) => one.endsWith('.googleapis.com')));
      const enabled = requests.flat();
      expect(enabled.length).toBeGreaterThan(20);
      expect(new Set(enabled).size).toBe(enabled.length);
      for (const request of requests) expect(request.length).toBeLessThanOrEqual(20);
    }));
});
