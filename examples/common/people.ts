/**
 * Who can sign in. An application keeps them in its database; these two are made at start, so that the examples have
 * somebody. Passwords are hashed by scrypt with parameters that OWASP recommends, each with a salt of its own.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
import { randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto'

export interface Person {
  /** What sessions know somebody by. It never changes; a name may. */
  readonly id: string
  readonly name: string
  readonly salt: Buffer
  readonly hash: Buffer
}

const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 5 }
const HASH_BYTES = 32
const MOST_CHARACTERS = 128

const PEOPLE: readonly Person[] = await Promise.all([
  newPerson('1', 'ada', 'difference engine'),
  newPerson('2', 'grace', 'a nanosecond of wire'),
])

/** What is compared for a name that nobody has, so that it takes as long as any other. */
const NOBODY = await newPerson('0', '', randomBytes(16).toString('hex'))

export function findPerson(name: string): Person | undefined {
  return PEOPLE.find((person) => person.name === name)
}

export function personWithId(id: string | undefined): Person | undefined {
  return PEOPLE.find((person) => person.id === id)
}

/** False when there is no such person, after as much work. */
export async function isPassword(person: Person | undefined, password: string): Promise<boolean> {
  const { salt, hash } = person ?? NOBODY
  const isShort = password.length <= MOST_CHARACTERS
  const found = await derived(isShort ? password : '', salt)
  return timingSafeEqual(found, hash) && isShort && person !== undefined
}

async function newPerson(id: string, name: string, password: string): Promise<Person> {
  const salt = randomBytes(16)
  return { id, name, salt, hash: await derived(password, salt) }
}

/** On a thread of its own; the event loop goes on. */
function derived(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, HASH_BYTES, COST, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}
