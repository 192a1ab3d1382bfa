import { readFileSync } from 'node:fs';

// In a bundle the build puts the texts in place of the calls (`textFiles` in deploy/bundle/plugins.ts).

/** How all pages look. */
export const PAGE_STYLE = readFileSync(new URL('./page.css', import.meta.url), 'utf8');

/** How a form looks; only pages that have one carry it. */
export const FORM_STYLE = readFileSync(new URL('./form.css', import.meta.url), 'utf8');

/**
 * What a page does in the browser: the theme, sorting and copying. It adds the buttons for them itself, so that a page
 * without script has none that do nothing. Plain JavaScript; the page's policy allows exactly this text.
 */
export const PAGE_SCRIPT = readFileSync(new URL('./page.js', import.meta.url), 'utf8');
