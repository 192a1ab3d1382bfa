import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoogleAuth } from 'google-auth-library';
import type { BookFile } from '../../shared/prices/book.ts';
import { createRuntimeApi } from '../../shared/run/runtime-api.ts';
import { createRuntime, type Runtime } from '../../shared/run/runtime.ts';
import { installedGcloud } from '../actual/gcloud.ts';
import { readCommandLine, runCommand } from '../command-line.ts';
import { WrongUsage } from '../desired/problem.ts';
import { freshPrices } from '../prices/catalog/fresh-prices.ts';
import { readSkus } from '../prices/catalog/read-skus.ts';
import { refreshBooks, REFRESHED, type Books } from '../prices/catalog/refresh.ts';
import { checkBooks } from '../prices/check-books.ts';
import { BOOKS_FOLDER, generateBooks, writeBooks } from '../prices/generate.ts';
import { NotSignedIn, signIn } from './sign-in.ts';

const usage = `Usage: npm run prices -- --from FOLDER | --refresh [--dry-run]

Makes the price books in shared/prices/books/ anew, and checks them before they are written.
  --from FOLDER  from CSV and JSON files of public price data, such as gcp-machine-prices.csv
  --refresh      cores, memory, GPUs, disks and the machines made of them from the Cloud Billing Catalog API, and prints what changed;
                 what the catalog does not have keeps its source and day. Needs a sign-in (gcloud auth login), and no permission.
  --dry-run      with --refresh: prints what would change, and writes nothing
Exit code: 0 the books are written, 1 something is wrong with the prices and nothing was written, 2 wrong usage, 3 not signed in.
`;

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface PricesOptions extends Output {
  readonly runtime: Runtime;
  /** Where the books lie. */
  readonly folder: string;
  /** Who asks. Throws {@link NotSignedIn}. */
  readonly signIn: () => Promise<GoogleAuth>;
}

/** The command; answers its exit code, as the usage says. */
export async function pricesCommand(args: readonly string[], options: PricesOptions): Promise<number> {
  return runCommand(usage, options, async () => {
    const { values } = readCommandLine(usage, args, {
      from: { type: 'string' },
      refresh: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
    });
    if ((values.from === undefined) === (values.refresh !== true))
      throw new WrongUsage('Cannot make price books: name either --from FOLDER or --refresh');
    if (values.from !== undefined) return write(await generateBooks(values.from), options);
    return refresh(values['dry-run'] === true, options);
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

async function refresh(dryRun: boolean, options: PricesOptions): Promise<number> {
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
  const { cells, problems } = freshPrices(skus);
  for (const problem of problems) err(`Look at it first: ${problem}\n`);
  if (problems.length > 0 || cells.length === 0) {
    err(`Nothing is written: ${problems.length} problems in ${skus.length} SKUs, ${cells.length} prices.\n`);
    return 1;
  }
  const today = runtime.now().toISOString().slice(0, 10);
  const { books, changes } = refreshBooks(await readBooks(folder), cells, today);
  for (const change of changes) out(`${change}\n`);
  out(`${cells.length} prices from ${skus.length} SKUs, ${changes.length} changed\n`);
  return dryRun ? 0 : write(books, options);
}

async function readBooks(folder: string): Promise<Books> {
  const files = REFRESHED.map(async (name) => {
    const text = await readFile(join(folder, `${name}.json`), 'utf8');
    return [name, JSON.parse(text) as BookFile] as const;
  });
  return Object.fromEntries(await Promise.all(files)) as Books;
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
