/**
 * Letters that look like others, so that nobody registers a name that reads like another's. From the single-character
 * mappings to ASCII of confusables.txt (Unicode UTS #39), for the scripts people are most often deceived with; not the whole
 * of its 6,000 rows, of which most are symbols that no username may hold.
 */

/**
 * Small and capital letter count as one here, though they may look like different Latin letters. Where both do, the small
 * one decides (Greek `ν` reads `v`, its capital `N`).
 */
const LOOKS: ReadonlyArray<readonly [letters: string, latin: string]> = [
  // Cyrillic
  ['абвгезкмнорстухьѕіјѡѵүһҽӏӡԁԍԛԝ', 'a6bre3kmhopctyxbsijwvyhel3dgqw'],
  // Greek
  ['αβγεζηικμνορστυχϝϳϻᴦᴩ', 'abyezhikmvopotuxfjmrp'],
  // Armenian
  ['ագզհոռստցքօ', 'wqqhnnusgfo'],
  // Cherokee
  ['ᎠᎡᎢᎥᎩᎪᎫᎬᎳᎷᎻᎽᏀᏂᏃᏎᏏᏒᏔᏕᏙᏚᏞᏟᏢᏦᏧᏮᏳᏴ', 'drtiyajewmhyghz4brwsvslcpkd6gb'],
  // Latin itself: single letters, then the small capitals, which phonetic alphabets have nearly all of.
  ['ɑɡɩꟾǀ', 'agiil'],
  ['ᴀᴁʙᴃᴄᴅᴆᴇꜰɢʛʜɪᴊᴋʟᴌᴍɴᴎᴏɶᴘꞯʀʁꭆᴙᴚꜱᴛᴜᴠᴡʏᴢ', 'aæbbcdðefgghijklłmnnoœpqrrrrrstuvwyz'],
];

/**
 * Each letter by itself: `toLowerCase` of a whole word treats a sigma at its end apart. By its capital, so that `ß` is `ss` and
 * `ı` is `i`; small first, because the capital `ẞ` has none of its own.
 */
const fold = (text: string): string =>
  [...text].map((letter) => letter.toLowerCase().toUpperCase().toLowerCase()).join('');

const LATIN: ReadonlyMap<string, string> = new Map(
  LOOKS.flatMap(([letters, latin]) => [...letters].map((letter, i) => [fold(letter), latin.charAt(i)] as const)),
);

/**
 * A capital `I` reads like a small `l` (UTS #39 has it so), and is a small `i` in other case: so all four are one letter, for
 * there is no telling which of them somebody read. `Ian` is not registered beside `Lan`; `aIice` not beside `alice`.
 */
const read = (letter: string): string => (letter === 'i' ? 'l' : letter);

/** What a text looks like: equal for texts that differ in case, or in letters that read the same. For comparing only. */
export const skeleton = (text: string): string =>
  [...fold(text.normalize('NFKD')).normalize('NFKD')].map((letter) => read(LATIN.get(letter) ?? letter)).join('');

/** No letter of another script between these; Latin is written beside the scripts of East Asia (UTS #39, highly restrictive). */
const COMPANIES: readonly RegExp[] = [
  /^[\p{scx=Latin}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Hangul}\p{scx=Common}\p{scx=Inherited}]*$/u,
  /^[\p{scx=Cyrillic}\p{scx=Common}\p{scx=Inherited}]*$/u,
  /^[\p{scx=Greek}\p{scx=Common}\p{scx=Inherited}]*$/u,
  /^[\p{scx=Armenian}\p{scx=Common}\p{scx=Inherited}]*$/u,
  /^[\p{scx=Cherokee}\p{scx=Common}\p{scx=Inherited}]*$/u,
  // Scripts that read like none of the above.
  /^[^\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{sc=Armenian}\p{sc=Cherokee}\p{sc=Coptic}\p{sc=Lisu}]*$/u,
];

/** Whether a text mixes scripts in a way in which one letter can pass for another's. */
export const mixesScripts = (text: string): boolean => !COMPANIES.some((company) => company.test(text));
