/** How messages reach a function, and for how long: the settings of the subscription that Eventarc makes for it. */

/** Pub/Sub waits for an answer as long as it can; a function may run for 540 of these seconds. */
export const ACK_DEADLINE_SECONDS = 600;
/** The least and the most that lies between two deliveries of a message. */
export const RETRY_DELAY_SECONDS = { min: 10, max: 600 } as const;
/**
 * Eventarc's own default is one day, and what is older is dropped without becoming a dead letter. Source:
 * https://cloud.google.com/eventarc/docs/retry-events
 */
export const RETENTION_SECONDS = 7 * 86_400;

/**
 * Seconds from a message's publication to its last delivery's end, at the most: no delivery is answered before its
 * deadline, and each failure is followed by the longest delay. A message whose retention is shorter may be dropped.
 */
export function longestDeliverySeconds(attempts: number): number {
  return attempts * ACK_DEADLINE_SECONDS + (attempts - 1) * RETRY_DELAY_SECONDS.max;
}
