import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoogleAuth } from 'google-auth-library';
import * as z from 'zod/mini';
import { bookSchema } from '../../shared/prices/book.ts';
import { createRuntimeApi } from '../../shared/run/runtime-api.ts';
import { createRuntime, type Runtime } from '../../shared/run/runtime.ts';
import { installedGcloud } from '../actual/gcloud.ts';
import { checkNoOperands, readCommandLine, runCommand } from '../command-line.ts';
import { WrongUsage } from '../desired/problem.ts';
import { REFRESHED } from '../prices/catalog/match-sku.ts';
import { readSkus } from '../prices/catalog/read-skus.ts';
import { refreshFrom, type CurrentBooks } from '../prices/catalog/refresh-from.ts';
import { checkBooks } from '../prices/check-books.ts';
import { BOOKS_FOLDER, generateBooks, writeBooks } from '../prices/generate.ts';
import { vertexSchema } from '../prices/other-books.ts';
import { NotSignedIn, signIn } from './sign-in.ts';

const usage = `Usage: npm run prices -- --from FOLDER | --refresh [--dry-run] [--partly]

Makes the price books in shared/prices/books/ anew, and checks them before
they are written.
  --from FOLDER  from CSV and JSON files of public price data, such as
                 gcp-machine-prices.csv
  --refresh      from the Cloud Billing Catalog API: cores, memory, GPUs, disks,
                 TPUs, the machines made of them, Cloud Storage, network, and
                 what Vertex AI adds. Prints what changed. What the catalog
                 does not have keeps its source and day: machine types, AWS and
                 Azure. Needs a sign-in (gcloud auth login), and no permission.
  --dry-run      with --refresh: prints what would change, and writes nothing
  --partly       with --refresh: what is to be looked at keeps its present
                 price, the rest is written; without it nothing is
Exit code: 0 the books are written, 1 something is wrong with the prices and
nothing was written, 2 wrong usage, 3 not signed in.
`;

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface PricesOptions extends Output {
  readonly runtime: Runtime;
  /** Where the books lie. */
  readonly folder: string;
  /** The caller. Throws {@link NotSignedIn}. */
  readonly signIn: () => Promise<GoogleAuth>;
}

/** The command; answers its exit code, as the usage says. */
export async function pricesCommand(args: readonly string[], options: PricesOptions): Promise<number> {
  return runCommand(usage, options, async () => {
    const { values, positionals } = readCommandLine(usage, args, {
      from: { type: 'string' },
      refresh: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      partly: { type: 'boolean' },
    });
    checkNoOperands(positionals);
    if ((values.from === undefined) === (values.refresh !== true))
      throw new WrongUsage('Cannot make price books: name either --from FOLDER or --refresh');
    if (values.from !== undefined) return write(await generateBooks(values.from), options);
    return refresh({ dryRun: values['dry-run'] === true, partly: values.partly === true }, options);
  });
}

async function write(books: Readonly<Record<string, object>>, options: PricesOptions): Promise<number> {
  const problems = checkBooks(books);
  for (const problem of problems) options.err(`${problem}\n`);
  if (problems.length > 0) return 1;
  await writeBooks(books, options.folder);
  options.out(`${Object.keys(books).length} price books written\n`);
  return 0;
}

/** A listing of some ten thousand SKUs. */
const TIMEOUT_MS = 300_000;

interface RefreshOptions {
  readonly dryRun: boolean;
  /** Writes what is clear although there is something to look at. */
  readonly partly: boolean;
}

async function refresh({ dryRun, partly }: RefreshOptions, options: PricesOptions): Promise<number> {
  const { runtime, out, err, folder } = options;
  let auth: GoogleAuth;
  try {
    auth = await options.signIn();
  } catch (error) {
    if (!(error instanceof NotSignedIn)) throw error;
    err(`${error.message}\n`);
    return 3;
  }
  const skus = await readSkus(createRuntimeApi(runtime, TIMEOUT_MS, auth));
  const today = runtime.now().toISOString().slice(0, 10);
  const { books, prices, problems, changes, kept } = refreshFrom(skus, await readBooks(folder), today);
  for (const problem of problems) err(`Look at it first: ${problem}\n`);
  if (prices === 0 || (problems.length > 0 && !partly && !dryRun)) {
    err(`Nothing is written. SKUs: ${skus.length}; prices: ${prices}; to look at: ${problems.length}.\n`);
    if (prices > 0) err('With --partly they keep their present price and day, and the rest is written.\n');
    return 1;
  }
  for (const line of [...changes, ...kept]) out(`${line}\n`);
  out(`${prices} prices from ${skus.length} SKUs, ${changes.length} changed\n`);
  if (dryRun) return problems.length > 0 && !partly ? 1 : 0;
  return write(books, options);
}

const datedFile = z.looseObject({
  asOf: z.optional(z.iso.date()),
  parts: z.optional(bookSchema.shape.parts),
});

async function readBooks(folder: string): Promise<CurrentBooks> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));
  const files = REFRESHED.map(async (name) => [name, bookSchema.parse(await read(name))] as const);
  const others = ['machine-types', 'aws-prices', 'azure-prices'].map(async (name) => {
    const { asOf, parts } = datedFile.parse(await read(name));
    return { name, asOf: asOf ?? parts?.[0]?.asOf ?? 'an unknown day' };
  });
  return {
    books: Object.fromEntries(await Promise.all(files)) as CurrentBooks['books'],
    vertex: vertexSchema.parse(await read('vertex-prices')),
    others: await Promise.all(others),
  };
}

if (import.meta.main) {
  const runtime = createRuntime('prices');
  const gcloud = installedGcloud(process.env, process.cwd());
  process.exitCode = await pricesCommand(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    runtime,
    folder: BOOKS_FOLDER,
    signIn: () =>
      signIn(
        { gcloud, environment: process.env, standard: runtime.auth },
        runtime.environment['GOOGLE_CLOUD_PROJECT'] ?? '',
      ),
  });
}
