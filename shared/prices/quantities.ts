/** A month of billing, as Google's price lists count it. */
export const HOURS_PER_MONTH = 730;

export const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;

/** Bytes of a GiB. */
export const GIB = 2 ** 30;
