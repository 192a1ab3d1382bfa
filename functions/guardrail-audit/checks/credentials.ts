import { shellWord } from '../../../shared/report/shell-word.ts';
import type { AuditConfig } from '../config.ts';
import type { AccountFacts, AuditFacts, KeyFacts, ScannedPlace, Workload } from '../facts.ts';
import { isGoogleAgent } from '../iam/members.ts';
import { both, gapOf, isRead, joinReadings, mapReading, type Gap } from '../reading.ts';
import { judge, type Found, type Judgement, type Outcome } from './outcome.ts';
import { changeOf } from './secret-remedy.ts';

const DAY_MS = 86_400_000;
/** Of the counts of authentications. */
const WINDOW_DAYS = 30;

export function checkCredentials(facts: AuditFacts, config: AuditConfig, now: Date): readonly Outcome[] {
  const { accounts, keyUse, machines, projectMetadata, scripts, jobs, workloads } = facts;
  const told = { project: config.project, digestsLast: facts.digestsLast };
  const metadata = joinReadings([
    mapReading(machines, (all) => all.flatMap(({ places }) => places)),
    mapReading(projectMetadata, ({ places }) => places),
  ]);
  const keys =
    (look: (account: AccountFacts, key: KeyFacts) => Found | undefined) => (all: readonly AccountFacts[]) =>
      judgeKeys(all, now, look);
  return [
    judge(
      'account-key',
      accounts,
      keys((account, key) => {
        const found = heldKey(account, key, config, now);
        // How often it is used is told where it is known, and is no condition.
        if (!isRead(keyUse) || keyUse.gaps.length > 0) return found;
        return {
          ...found,
          evidence: { ...found.evidence, authentications30Days: keyUse.value.get(key.id) ?? 0 },
        };
      }),
    ),
    judge(
      'account-key-old',
      accounts,
      keys((account, key) => oldKey(account, key, config, now)),
    ),
    judge('account-key-unused', both(accounts, keyUse), ([all, uses]) =>
      judgeKeys(all, now, (account, key) => unusedKey(account, key, uses, config, now)),
    ),
    judge('secret-in-metadata', metadata, (places) => judgePlaces(places, told)),
    judge('secret-in-script', scripts, (places) => judgePlaces(places, told)),
    judge('secret-in-job', jobs, (all) => judgeWorkloads(all, told)),
    judge('secret-in-environment', workloads, (all) => judgeWorkloads(all, told)),
  ];
}

/** Keys that work: those of Google's agents, disabled and expired ones, and keys of disabled accounts do not count. */
function judgeKeys(
  accounts: readonly AccountFacts[],
  now: Date,
  look: (account: AccountFacts, key: KeyFacts) => Found | undefined,
): Judgement {
  const found: Found[] = [];
  const gaps: Gap[] = [];
  let looked = 0;
  for (const account of accounts) {
    if (account.disabled || isGoogleAgent(account.email)) continue;
    if (!isRead(account.keys)) {
      gaps.push(gapOf({ ...account.keys, why: `keys of ${account.email}: ${account.keys.why}` }));
      continue;
    }
    for (const key of account.keys.value) {
      looked += 1;
      const works = !key.disabled && (key.expiresMs === undefined || key.expiresMs > now.getTime());
      const one = works ? look(account, key) : undefined;
      if (one !== undefined) found.push(one);
    }
  }
  return { looked, found, gaps };
}

function heldKey({ email }: AccountFacts, key: KeyFacts, { project }: AuditConfig, now: Date): Found {
  const days = ageDays(key, now);
  return {
    resource: `projects/${project}/serviceAccounts/${email}`,
    place: `keys/${key.id}`,
    detail: `${email} has a key that was made ${days} days ago`,
    evidence: {
      ageDays: days,
      expires: key.expiresMs === undefined ? 'never' : new Date(key.expiresMs).toISOString(),
    },
    commands: [
      `gcloud iam service-accounts keys disable ${key.id} --iam-account=${email} --project=${project}`,
      `gcloud iam service-accounts keys delete ${key.id} --iam-account=${email} --project=${project}`,
    ],
  };
}

function oldKey(account: AccountFacts, key: KeyFacts, config: AuditConfig, now: Date): Found | undefined {
  const days = ageDays(key, now);
  if (days <= config.maxKeyAgeDays) return undefined;
  const { resource, place, commands } = heldKey(account, key, config, now);
  return {
    resource,
    ...(place === undefined ? {} : { place }),
    detail: `a key of ${account.email} is ${days} days old, ${config.maxKeyAgeDays} are allowed`,
    evidence: { ageDays: days, maxAgeDays: config.maxKeyAgeDays },
    commands: [
      `gcloud iam service-accounts keys create NEW_KEY.json --iam-account=${account.email} --project=${config.project}`,
      ...commands,
    ],
  };
}

/** One that was made within the window, and one whose authentications may be among those that were not counted, say nothing. */
function unusedKey(
  account: AccountFacts,
  key: KeyFacts,
  uses: ReadonlyMap<string, number>,
  config: AuditConfig,
  now: Date,
): Found | undefined {
  const days = ageDays(key, now);
  if (days <= WINDOW_DAYS || (uses.get(key.id) ?? 0) > 0) return undefined;
  const { resource, place, commands } = heldKey(account, key, config, now);
  return {
    resource,
    ...(place === undefined ? {} : { place }),
    detail: `Monitoring counted no authentication with a key of ${account.email} in the last ${WINDOW_DAYS} days; it is ${days} days old`,
    evidence: { ageDays: days, authentications: 0, windowDays: WINDOW_DAYS },
    // Disabled, it can be enabled again where something uses it once a quarter.
    commands: commands.slice(0, 1),
  };
}

function ageDays({ createdMs }: KeyFacts, now: Date): number {
  return Math.floor((now.getTime() - createdMs) / DAY_MS);
}

/** How credentials are told. */
interface Told extends Pick<AuditFacts, 'digestsLast'> {
  readonly project: string;
}

function judgeWorkloads(workloads: readonly Workload[], told: Told): Judgement {
  const references = workloads.reduce((sum, { secretReferences }) => sum + secretReferences, 0);
  const { found, notes } = judgePlaces(
    workloads.flatMap(({ places }) => places),
    told,
    references,
  );
  return { looked: workloads.length, found, ...(notes === undefined ? {} : { notes }) };
}

/** What the places hold. References to Secret Manager are named: they are how it should be done. */
function judgePlaces(places: readonly ScannedPlace[], told: Told, references = 0): Judgement {
  const refers = references + places.filter((one) => one.refers).length;
  return {
    looked: places.length,
    found: places.flatMap((place) => secretsIn(place, told)),
    ...(refers === 0
      ? {}
      : {
          notes: [
            `${refers} ${refers === 1 ? 'refers' : 'refer'} to a secret that is kept elsewhere, as it should be`,
          ],
        }),
  };
}

function secretsIn(
  { resource, place, secrets, unlisted = 0 }: ScannedPlace,
  { project, digestsLast }: Told,
): readonly Found[] {
  const more = unlisted === 0 ? '' : `; ${unlisted} more in this place are not listed`;
  return secrets.map(({ rule, title, length, digest }, at) => ({
    resource,
    place,
    // Another one that leaves the place does not make this one new.
    ...(digestsLast ? { mark: `${rule}/${digest}` } : {}),
    detail: `${place} holds what looks like a credential: ${title} (${rule}), ${length} characters${at === secrets.length - 1 ? more : ''}`,
    evidence: { pattern: rule, length, digest },
    commands: [
      `gcloud secrets create SECRET_NAME --data-file=FILE_WITH_THE_NEW_VALUE --project=${shellWord(project)}`,
      ...changeOf(resource, place, project),
    ],
  }));
}
