import { checkBooks } from '../prices/check-books.ts';
import { generateBooks, writeBooks } from '../prices/generate.ts';
import { readCommandLine, runCommand } from '../command-line.ts';
import { WrongUsage } from '../desired/problem.ts';

const usage = `Usage: npm run prices -- --from FOLDER

Makes the price books in shared/prices/books/ anew, and checks them before they are written.
  --from FOLDER  from CSV and JSON files of public price data, such as gcp-machine-prices.csv
Exit code: 0 the books are written, 1 something is wrong with the prices and nothing was written, 2 wrong usage.
`;

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The command; answers its exit code, as the usage says. */
export async function pricesCommand(args: readonly string[], output: Output): Promise<number> {
  return runCommand(usage, output, async () => {
    const { values } = readCommandLine(usage, args, { from: { type: 'string' } });
    if (values.from === undefined) throw new WrongUsage('Cannot make price books: --from FOLDER is missing');
    return makeBooks(values.from, output);
  });
}

async function makeBooks(folder: string, { out, err }: Output): Promise<number> {
  const books = await generateBooks(folder);
  const problems = checkBooks(books);
  for (const problem of problems) err(`${problem}\n`);
  if (problems.length > 0) return 1;
  await writeBooks(books);
  out(`${Object.keys(books).length} price books written\n`);
  return 0;
}

if (import.meta.main)
  process.exitCode = await pricesCommand(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
