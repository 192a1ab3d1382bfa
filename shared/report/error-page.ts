import { STATUS_CODES } from 'node:http';
import { tag } from './markup.ts';
import { renderPage, type Html } from './page.ts';
import { wholeText } from './text.ts';

/** An error for callers that request a page: the same words as in the JSON body. */
export function renderErrorPage(functionName: string, status: number, message: string): Html {
  const meaning = STATUS_CODES[status] ?? 'Error';
  return renderPage({
    kind: functionName,
    title: meaning,
    subtitle: `Status ${status}`,
    top: [tag('div', { class: 'card' }, tag('p', {}, wholeText(message)))],
    sections: [],
    footer: 'The same answer as JSON: request format=json.',
  });
}
