import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Debian calls it chromium, others have Google's own build. */
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

function chromiumPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why the tests in a browser cannot run here; undefined when they can. With CI set they must, whatever is missing. */
export function chromiumMissing(): string | undefined {
  if ((process.env['CI'] ?? '') !== '') return undefined;
  return chromiumPath() === undefined ? 'Chromium is not installed' : undefined;
}

/** Starts the machine's own Chromium, without a window and without calls of its own. */
export async function startChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined)
    throw new Error('Cannot test pages: Chromium is not installed (Debian: apt-get install chromium)');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
}

/** What a browser is given: an answer with its headers. */
export interface Served {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Opened {
  readonly page: Page;
  /** What the page wrote to its console and threw; a refusal by its policy is among it. */
  readonly complaints: readonly string[];
  /** Every address that it requested, other than `data:`. */
  readonly requests: readonly string[];
  /** Its own address. */
  readonly url: string;
}

/** Serves a page over HTTP as a function would and opens it in a fresh profile, for as long as `use` takes. */
export async function withPage(
  browser: Browser,
  served: Served,
  options: BrowserContextOptions,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  const server = createServer((_, response) => {
    response.writeHead(200, { ...served.headers }).end(served.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    await withUrl(browser, url, options, use);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Opens an address in a fresh profile, for as long as `use` takes. */
export async function withUrl(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url());
    });
    await page.goto(url);
    await use({ page, complaints, requests, url });
  } finally {
    await context.close();
  }
}

/** What axe-core finds wrong with the page as it stands, one line for each element. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found: string[] = await page.evaluate(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, any }) => id + ': ' + help + ' at ' + target.join(' ') + ' ' + any.map(({ message }) => message).join(' '))))`,
  );
  return found;
}
