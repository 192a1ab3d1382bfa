/** What a story says has to have happened: else `npm start` ends with an error, and with it CI. */
export function claim(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Cannot tell the story: it does not hold that ${what}`);
}
