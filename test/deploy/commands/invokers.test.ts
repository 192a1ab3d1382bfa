import { describe, expect, it } from 'vitest';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { withBench } from './bench.ts';

const ADA = 'user:ada@example.com';

describe('deploy.sh --invoker', () => {
  it('lets people call what answers over HTTP, the audit and the watch that tick as well, and nothing that messages alone drive', () =>
    withBench(async (bench) => {
      expect(await deployCommand([...bench.place, `--invoker=${ADA}`], bench.tools)).toBe(0);
      const grantedTo = (member: string) =>
        bench.gcloud.writes
          .filter((args) => args.includes('run') && args.some((one) => one.includes(member)))
          .flatMap((args) => args[args.indexOf('add-iam-policy-binding') + 1] ?? [])
          .sort();
      expect(grantedTo(ADA)).toEqual([
        'budget-restore',
        'cost-estimator',
        'egress-auditor',
        'guardrail-audit',
        'spend-watch',
      ]);
      expect(grantedTo('costguard-trigger@')).toContain('guardrail-audit');
    }));
});
