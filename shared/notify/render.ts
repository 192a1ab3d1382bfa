import type { Channel } from '../policy/policy.ts';
import type { Notice, NoticeItem } from './notice.ts';

/**
 * What one message may hold. Slack cuts texts at 40,000 characters (docs.slack.dev/reference/methods/chat.postMessage); Teams
 * takes 28 KB in all, of which 21,000 bytes were measured to pass (msteams_hermes); Pub/Sub 10 MB, and a webhook what it likes.
 */
const MAX_BYTES = { slack: 30_000, teams: 18_000, webhook: 200_000, topic: 1_000_000 } as const;

/** The message as a channel's service takes it. What does not fit is counted. */
export function renderNotice(kind: Channel['kind'], notice: Notice): string {
  if (kind === 'webhook' || kind === 'topic') return renderData(notice, MAX_BYTES[kind]);
  const write = kind === 'slack' ? slackBody : teamsBody;
  return fitting(notice.items, MAX_BYTES[kind], (items, left) =>
    write(notice.title, [...items.map(linesOf), ...rest(left)]),
  );
}

/** The shortest form: for a service that refused the whole one. */
export function renderShort(kind: Channel['kind'], notice: Notice): string {
  return renderNotice(kind, {
    ...notice,
    items: [],
    title: `${notice.title} (${notice.items.length} in the receipt)`,
  });
}

function renderData(notice: Notice, maxBytes: number): string {
  return fitting(notice.items, maxBytes, (items, left) =>
    JSON.stringify({ ...notice, items, ...(left === 0 ? {} : { omitted: left }) }),
  );
}

/** As many items as fit. */
function fitting(
  items: readonly NoticeItem[],
  maxBytes: number,
  write: (items: readonly NoticeItem[], left: number) => string,
): string {
  let count = items.length;
  for (;;) {
    const body = write(items.slice(0, count), items.length - count);
    if (count === 0 || Buffer.byteLength(body) <= maxBytes) return body;
    count = Math.floor(count / 2);
  }
}

function linesOf({ owner, text }: NoticeItem): string {
  return owner === undefined ? text : `${owner}: ${text}`;
}

function rest(left: number): readonly string[] {
  return left === 0 ? [] : [`… and ${left} more, in the receipt.`];
}

function slackBody(title: string, lines: readonly string[]): string {
  // Only these three are control characters (docs.slack.dev/messaging/formatting-message-text).
  const escaped = [title, ...lines].map((text) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  );
  return JSON.stringify({ text: escaped.join('\n\n'), unfurl_links: false });
}

/** An Adaptive Card, as a Teams workflow "when a Teams webhook request is received" takes it. */
function teamsBody(title: string, lines: readonly string[]): string {
  const block = (text: string, more: object = {}): object => ({
    type: 'TextBlock',
    text,
    wrap: true,
    ...more,
  });
  return JSON.stringify({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [block(title, { weight: 'Bolder' }), ...lines.map((line) => block(line))],
        },
      },
    ],
  });
}
