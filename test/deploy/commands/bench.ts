import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tools } from '../../../deploy/commands/command.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { createFakeGcloud, OPS, type FakeGcloud } from './fake-gcloud.ts';

/** The commands of deploy/ with a fake gcloud and a policy file of its own. */
export interface DeployBench {
  readonly gcloud: FakeGcloud;
  readonly tools: Tools;
  /** `--policy`, `--project` and `--region`. */
  readonly place: readonly string[];
  readonly folder: string;
  setPolicy(text: string): void;
  /** The code of a function's bundle. */
  setCode(name: string, code: string): void;
  /** What was printed since the last call. */
  printed(): { readonly out: string; readonly err: string };
  /** What a question is answered with. */
  answer: string;
  /** The preflight's exit code. */
  preflight: number;
  /** Where the last preflight was told that the switch reads its policy. */
  preflightUri: string | undefined;
  /** So many preflights fail before, because what was granted is not known everywhere yet. */
  settles: number;
  readonly sleeps: number[];
  /** What functions answer over HTTP. */
  probeFunction: Tools['probeFunction'];
  /** What the caller lacks, by resource. */
  readonly lacks: Map<string, readonly string[]>;
}

export const POLICY = `mode: enforce
scope: [projects/ml-research, folders/500100]
state: gs://${OPS}-costguard
receipts: projects/${OPS}/topics/costguard-receipts
budgets:
  mode: enforce
  allow: [billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77]
lifecycle:
  policies:
    - name: all
      rules: [{ action: { type: AbortIncompleteMultipartUpload }, condition: { age: 7 } }]
egress:
audit:
notebooks:
estimates:
watch:
`;

export async function withBench(test: (bench: DeployBench) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'costguard-deploy-'));
  try {
    const policyFile = join(folder, 'costguard.yaml');
    const distDir = join(folder, 'dist');
    const gcloud = createFakeGcloud();
    let out = '';
    let err = '';
    const lacks = new Map<string, readonly string[]>();
    const bench: DeployBench = {
      gcloud,
      folder,
      place: [`--policy=${policyFile}`, `--project=${OPS}`, '--region=us-central1'],
      answer: '',
      preflight: 0,
      preflightUri: undefined,
      settles: 0,
      probeFunction: async () => ({ status: 405, allow: 'GET' }),
      lacks,
      sleeps: [],
      setPolicy: (text) => {
        writeFileSync(policyFile, text);
      },
      setCode(name, code) {
        mkdirSync(join(distDir, name), { recursive: true });
        writeFileSync(join(distDir, name, 'index.js'), code);
        for (const file of ['package.json', 'package-lock.json', 'compile-cache.mjs'])
          writeFileSync(join(distDir, name, file), '{}');
      },
      printed() {
        const printed = { out, err };
        out = '';
        err = '';
        return printed;
      },
      tools: {
        gcloud: gcloud.run,
        missingPermissions: async (on, permissions) =>
          permissions.filter((permission) => lacks.get(on)?.includes(permission) === true),
        sleep: async (milliseconds) => void bench.sleeps.push(milliseconds),
        now: () => new Date('2026-11-18T22:00:00Z'),
        out: (text) => void (out += text),
        err: (text) => void (err += text),
        build: async () => undefined,
        distDir,
        ask: async () => bench.answer,
        probeFunction: (url, token) => bench.probeFunction(url, token),
        preflight: async (_file, _project, policyUri) => {
          bench.preflightUri = policyUri;
          const settling = bench.settles > 0;
          bench.settles -= 1;
          return settling
            ? { code: 1, text: 'not yet\n', settling: true }
            : { code: bench.preflight, text: 'the preflight\n', settling: false };
        },
      },
    };
    bench.setPolicy(POLICY);
    for (const { name } of await readFunctions()) bench.setCode(name, `// ${name}`);
    await test(bench);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
