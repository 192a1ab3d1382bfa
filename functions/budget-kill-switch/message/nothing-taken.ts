/** What the reasons say of the due rungs for which nothing was taken, but for those that have fired before. */
const OTHERWISE: Readonly<Record<string, string>> = {
  protected: 'protected projects are left alone',
  'looked-at-before': 'projects that this message has looked at before are not looked at again',
  grace: 'rungs are not in force in the grace of a restore',
  overtaken: 'rungs are left to a newer message',
  settling: 'unlinking waits',
  'no-reason-to-unlink': 'unlinking waits',
  unseen: 'unlinking waits',
};

/** Why a run took nothing, of all projects, by the reasons that its receipt keeps. Pure. */
export function nothingTakenText(kept: Readonly<Record<string, number>>): string {
  const clauses = new Set(
    Object.entries(OTHERWISE).flatMap(([reason, text]) => (reason in kept ? [text] : [])),
  );
  if (clauses.size === 0) return 'all due rungs have fired before';
  return [...clauses, ...('fired-before' in kept ? ['all other due rungs have fired before'] : [])].join(
    ', ',
  );
}
