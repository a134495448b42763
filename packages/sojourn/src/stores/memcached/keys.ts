/**
 * The names of everything that is kept. All are printable and short: Memcached takes 250 bytes without spaces.
 *
 *     <prefix>:<roster key>         a roster
 *     <prefix>:document:<name>      a document
 *     <prefix>:servers              who the server is, and who the others are
 */
import type { RosterKey } from '../../core/ids.ts'

export interface Keys {
  readonly servers: string
  roster(key: RosterKey): string
  /** @throws TypeError for a name that is too long */
  document(name: string): string
}

const LONGEST = 250

export function createKeys(prefix: string): Keys {
  return {
    servers: `${prefix}:servers`,
    roster: (key) => `${prefix}:${key}`,
    document(name) {
      const key = `${prefix}:document:${encodeURIComponent(name)}`
      if (key.length > LONGEST) throw new TypeError('The name of a document is too long for Memcached.')
      return key
    },
  }
}
