/** Where in a project a role is found: one of a folder has a place of its own beside that of the project. */
export function placeOf(role: string, member: string, from: string | undefined): string {
  return `${from === undefined ? '' : `${from}/`}${role}/${member}`;
}

/** Ends a sentence about a role. */
export function inheritedText(from: string | undefined): string {
  return from === undefined ? '' : `, inherited from ${from}`;
}
