import { once } from '../../../shared/once.ts';

/**
 * Groups of countries that share an internet price. How the metric's `remote_country` writes a country is not documented:
 * two letters, three letters and English names are all understood.
 */
export type PriceGroup = 'worldwide' | 'australia' | 'oceania' | 'middle-east-africa' | 'china';

/** ISO 3166-1, both codes. What is not here is unknown: its continent then bounds the price. */
const CODES: Readonly<Record<PriceGroup, string>> = {
  worldwide: `us:usa ca:can mx:mex
    at:aut be:bel bg:bgr ch:che cy:cyp cz:cze de:deu dk:dnk ee:est es:esp fi:fin fr:fra gb:gbr gr:grc hr:hrv hu:hun
    ie:irl is:isl it:ita lt:ltu lu:lux lv:lva mt:mlt nl:nld no:nor pl:pol pt:prt ro:rou rs:srb se:swe si:svn sk:svk
    ua:ukr hk:hkg in:ind jp:jpn my:mys ph:phl sg:sgp th:tha tw:twn vn:vnm`,
  australia: 'au:aus',
  oceania: `nz:nzl id:idn kr:kor sa:sau ar:arg bo:bol br:bra cl:chl co:col ec:ecu gy:guy pe:per py:pry sr:sur
    uy:ury ve:ven`,
  'middle-east-africa': `ae:are bh:bhr il:isr iq:irq jo:jor kw:kwt lb:lbn om:omn qa:qat
    dz:dza eg:egy et:eth gh:gha ke:ken ma:mar ng:nga sn:sen tn:tun tz:tza ug:uga za:zaf`,
  china: 'cn:chn',
};

const groups = once(() => {
  const found = new Map<string, PriceGroup>();
  const names = new Intl.DisplayNames('en', { type: 'region' });
  for (const group of ['worldwide', 'australia', 'oceania', 'middle-east-africa', 'china'] as const)
    for (const pair of CODES[group].split(/\s+/))
      for (const code of [...pair.split(':'), names.of(pair.slice(0, 2).toUpperCase()) ?? ''])
        found.set(code.toLowerCase(), group);
  return found;
});

const BY_CONTINENT: Readonly<Record<string, readonly PriceGroup[]>> = {
  America: ['worldwide', 'oceania'],
  Asia: ['worldwide', 'oceania', 'middle-east-africa', 'china'],
  Europe: ['worldwide'],
};

/** The group of a country, or the groups that are possible when it is not known. */
export function priceGroups(country: string, continent: string): readonly PriceGroup[] {
  const group = groups().get(country.toLowerCase());
  if (group !== undefined) return [group];
  return BY_CONTINENT[continent] ?? ['worldwide', 'australia', 'oceania', 'middle-east-africa', 'china'];
}

const LABELS: Readonly<Record<PriceGroup, string>> = {
  worldwide: 'North America, Europe, most of Asia',
  australia: 'Australia',
  oceania: 'New Zealand, Indonesia, Korea, South America, Saudi Arabia',
  'middle-east-africa': 'Middle East, Africa',
  china: 'China',
};

/** A group for people; several are the countries that could not be told apart. */
export function groupLabel(possible: readonly PriceGroup[], continent: string): string {
  const [only] = possible;
  if (only !== undefined && possible.length === 1) return `internet: ${LABELS[only]}`;
  return `internet: unknown country${continent in BY_CONTINENT ? ` in ${continent}` : ''}`;
}
