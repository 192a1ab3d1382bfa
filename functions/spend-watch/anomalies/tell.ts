import type { Notice } from '../../../shared/notify/notice.ts';
import { formatUsdPerHour } from '../../../shared/prices/money.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import type { Anomaly } from './judge.ts';

/** A higher burn than this many times the one that was told is news again within the day. */
const NEWS_FACTOR = 2;
const DAY_MS = 86_400_000;
const MAX_TOLD = 200;

/** What is to be told of a look's anomalies, and the ledger that remembers it. What is not there any more may be told again. Pure. */
export function chooseNews(
  ledger: Ledger,
  anomalies: readonly Anomaly[],
): { readonly news: readonly Anomaly[]; readonly ledger: Ledger } {
  const atMs = ledger.lookedMs;
  const running = new Map(ledger.running.map((one) => [`idle ${one.resource}`, one]));
  const told = Object.fromEntries(
    Object.entries(ledger.told ?? {}).filter(([key, { atMs: toldMs }]) =>
      key.startsWith('idle ')
        ? (running.get(key)?.startedMs ?? (running.has(key) ? 0 : Infinity)) <= toldMs
        : atMs - toldMs < DAY_MS,
    ),
  );
  const news = anomalies.filter(({ key, kind, usdPerHour }) => {
    const last = told[key];
    return last === undefined || (kind === 'burn-rose' && usdPerHour >= NEWS_FACTOR * last.usdPerHour);
  });
  const after = { ...told };
  for (const { key, usdPerHour } of news) after[key] = { atMs, usdPerHour };
  const isSame = news.length === 0 && Object.keys(told).length === Object.keys(ledger.told ?? {}).length;
  const kept = Object.entries(after)
    .sort(([, a], [, b]) => a.atMs - b.atMs)
    .slice(-MAX_TOLD);
  return { news, ledger: isSame ? ledger : { ...ledger, told: Object.fromEntries(kept) } };
}

/** One message for what a look has found. */
export function noticeOf(
  { runId, projectId }: { readonly runId: string; readonly projectId: string },
  news: readonly Anomaly[],
): Notice {
  return {
    id: `spend-watch/${runId}`,
    functionName: 'spend-watch',
    title: `Spend of ${projectId}: ${news.map(titleOf).join(', ')}`,
    items: news.map(({ resource, kind, owner, says }) => ({
      ...{ resource, owner, action: kind },
      text: says,
    })),
  };
}

function titleOf({ kind, usdPerHour }: Anomaly): string {
  switch (kind) {
    case 'burn-rose':
      return `the burn rose to ${formatUsdPerHour(usdPerHour)}`;
    case 'idle-gpu':
      return `an idle GPU for ${formatUsdPerHour(usdPerHour)}`;
    case 'new-kind':
      return 'a new kind of resource';
  }
}
