/** What the commands of this repository (`races`, `faults`, `balancers`) make of their arguments. */

/** Those that a list such as `R1,R9` names; all where nothing is named. A name that is none ends the process. */
export function chosen<Choice>(
  option: string,
  named: string | undefined,
  { from, by }: { readonly from: readonly Choice[]; readonly by: (choice: Choice) => string },
): readonly Choice[] {
  if (named === undefined) return from
  const names = named.split(',').map((name) => name.trim())
  const known = new Set(from.map(by))
  const unknown = names.filter((name) => !known.has(name))
  if (unknown.length > 0)
    misused(`${option}: there is no ${unknown.join(', ')}. There are ${[...known].join(', ')}.`)
  return from.filter((choice) => names.includes(by(choice)))
}

/** Ends the process with 2, as commands do that were called wrongly. */
export function misused(problem: string): never {
  process.stderr.write(`${problem}\n`)
  process.exit(2)
}
