/**
 * What one request changes in a session's data, per top-level key, applied to the live record when it is
 * committed. Requests that change different keys both win; the same key is ordered by their commits.
 */
import { InputError } from '../errors.ts'
import { type Entries, LONGEST_KEY_BYTES } from './encoding.ts'
import { jsonText } from './json.ts'

type Change = { readonly set: string } | { readonly add: number } | 'unset'

export class Delta {
  readonly #changes = new Map<string, Change>()

  /** Whether applying it to no data leaves no data. */
  get leavesNothing(): boolean {
    return [...this.#changes.values()].every((change) => change === 'unset')
  }

  get size(): number {
    return this.#changes.size
  }

  /** @throws InputError `DATA_NOT_JSON`, `DATA_INVALID` (a key that cannot be stored) */
  set(key: string, value: unknown): void {
    if (value === undefined) this.unset(key)
    else this.#changes.set(checkedKey(key), { set: jsonText(value, key) })
  }

  unset(key: string): void {
    this.#changes.set(checkedKey(key), 'unset')
  }

  /** Adds to a number; an absent key counts as 0. @throws InputError `DATA_NOT_A_NUMBER` */
  increment(key: string, by: number): void {
    if (!Number.isFinite(by))
      throw new InputError('DATA_NOT_A_NUMBER', `increment('${key}', …) needs a finite number.`)
    const before = this.#changes.get(checkedKey(key))
    if (before === undefined) this.#changes.set(key, { add: by })
    else if (before === 'unset') this.#changes.set(key, { set: String(by) })
    else if ('add' in before) this.#changes.set(key, { add: before.add + by })
    else this.#changes.set(key, { set: sum(key, before.set, by) })
  }

  /** A copy of `entries` with the changes. @throws InputError `DATA_NOT_A_NUMBER` */
  apply(entries: Entries): Entries {
    const next: Entries = new Map(entries)
    for (const [key, change] of this.#changes) {
      if (change === 'unset') next.delete(key)
      else if ('set' in change) next.set(key, change.set)
      else next.set(key, sum(key, next.get(key) ?? '0', change.add))
    }
    return next
  }
}

/** The changes that turn `before` into `after`, both as the application sees them. */
export function deltaBetween(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Delta {
  const delta = new Delta()
  for (const key of Object.keys(before))
    if (!Object.hasOwn(after, key) || after[key] === undefined) delta.unset(key)
  for (const key of Object.keys(after)) {
    const value = after[key]
    if (value === undefined) continue
    const isSame = Object.hasOwn(before, key) && jsonText(value, key) === JSON.stringify(before[key])
    if (!isSame) delta.set(key, value)
  }
  return delta
}

function checkedKey(key: string): string {
  if (
    typeof key === 'string' &&
    key !== '' &&
    key.isWellFormed() &&
    !key.includes('\0') &&
    Buffer.byteLength(key) <= LONGEST_KEY_BYTES
  )
    return key
  throw new InputError('DATA_INVALID', `A data key is text of 1 to ${LONGEST_KEY_BYTES} bytes without NUL.`)
}

function sum(key: string, json: string, by: number): string {
  const value: unknown = JSON.parse(json)
  if (typeof value === 'number' && Number.isFinite(value + by)) return String(value + by)
  throw new InputError(
    'DATA_NOT_A_NUMBER',
    `increment('${key}', …) found a value there that is not a number, or the sum is too large.`,
  )
}
