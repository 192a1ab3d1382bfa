import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { diskBook, gpuBook, machineBook, tpuBook, unitBook } from './compute-books.ts';
import { machineTypesBook } from './machine-types.ts';
import { awsBook, azureBook, networkBook, storageBook, vertexBook } from './other-books.ts';

/** Where the generated books lie. */
export const BOOKS_FOLDER = join(import.meta.dirname, '../../shared/prices/books');

/** All price books, by file name without `.json`, from a folder of source files. */
export async function generateBooks(folder: string): Promise<Readonly<Record<string, object>>> {
  const [units, disks] = [await unitBook(folder), await diskBook(folder)];
  return {
    'machine-types': await machineTypesBook(folder),
    'machine-prices': await machineBook(folder, units, disks),
    'unit-prices': units,
    'disk-prices': disks,
    'gpu-prices': await gpuBook(folder),
    'tpu-prices': await tpuBook(folder),
    'storage-prices': await storageBook(folder),
    'network-prices': await networkBook(folder),
    'vertex-prices': await vertexBook(folder),
    'aws-prices': await awsBook(folder),
    'azure-prices': await azureBook(folder),
  };
}

/** Writes books as the repository keeps them; the same books give the same bytes. */
export async function writeBooks(
  books: Readonly<Record<string, object>>,
  folder: string = BOOKS_FOLDER,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, book] of Object.entries(books))
    await writeFile(
      join(folder, `${name}.json`),
      await format(JSON.stringify(book), { parser: 'json', printWidth: 110 }),
    );
}
