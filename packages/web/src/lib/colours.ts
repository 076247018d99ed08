/*
 * One colour a type on every page, from eight that people tell apart whatever their eyes (after Okabe and Ito; set in
 * tokens.css for either theme). Built-in types have theirs for ever; others take the next free one and keep it in this browser.
 */

export const colourCount = 8;
const storageKey = 'streamflow.colours';
const ofErrors = 3;
/** The order in which new names get colours; that of errors would say something about anything else. */
const givenOut = [0, 1, 2, 4, 5, 6, 7, ofErrors];

const builtIn: Readonly<Record<string, number>> = {
  'web.pageview': 0,
  'web.click': 1,
  'api.request': 2,
  error: ofErrors,
  'user.login': 4,
  'api.response': 5,
  metric: 6,
  'user.logout': 7,
  'user.activity': 6,
  custom: 4,
};

/** Numbers of colours by name, for those that are shown together; what is new is remembered. */
export function assignColours(
  names: readonly string[],
  known: Map<string, number>,
): ReadonlyMap<string, number> {
  const taken = new Set(names.flatMap((name) => builtIn[name] ?? known.get(name) ?? []));
  const colours = new Map<string, number>();
  for (const name of names) {
    let colour = builtIn[name] ?? known.get(name);
    if (colour === undefined) {
      const free = givenOut.find((at) => !taken.has(at));
      colour = free ?? known.size % colourCount;
      taken.add(colour);
      known.set(name, colour);
    }
    colours.set(name, colour);
  }
  return colours;
}

let remembered: Map<string, number> | null = null;

function remember(): Map<string, number> {
  if (remembered !== null) return remembered;
  const pairs = (localStorage.getItem(storageKey) ?? '').split('\n').flatMap((line) => {
    const [colour, name] = line.split('\t');
    return name === undefined ? [] : [[name, Number(colour) % colourCount] as const];
  });
  remembered = new Map(pairs);
  return remembered;
}

/** The CSS variables of the colours of these names. */
export function coloursOf(names: readonly string[]): (name: string) => string {
  const known = remember();
  const before = known.size;
  const colours = assignColours(names, known);
  if (known.size > before)
    localStorage.setItem(storageKey, [...known].map(([name, colour]) => `${colour}\t${name}`).join('\n'));
  return (name) => `--series-${(colours.get(name) ?? 7) + 1}`;
}
