/** Passwords: Argon2id with the parameters that OWASP recommends, salted, on worker threads. */
import { hash, verify } from '@node-rs/argon2'

/** 19 MiB, two passes, one lane. @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const FEWEST_CHARACTERS = 8
const MOST_CHARACTERS = 128

/** What is checked for people whom nobody knows, so that their sign-in takes as long as anybody's. */
const nobodysHash = hash('nobody has this password', COST)

export async function hashPassword(password: string): Promise<string> {
  return await hash(password.normalize('NFC'), COST)
}

/** Does the work whether there is a hash or not; false when there is none. */
export async function isPassword(storedHash: string | undefined, password: string): Promise<boolean> {
  const long = password.length > MOST_CHARACTERS
  const same = await verify(storedHash ?? (await nobodysHash), long ? '' : password.normalize('NFC'))
  return same && storedHash !== undefined && !long
}

/** Why a new password will not do, as a sentence; `undefined` when it will. */
export function problemWithPassword(password: string, email: string): string | undefined {
  const { length } = password
  if (length < FEWEST_CHARACTERS) return `Choose a password of at least ${FEWEST_CHARACTERS} characters.`
  if (length > MOST_CHARACTERS) return `Choose a password of at most ${MOST_CHARACTERS} characters.`
  if (new Set(password).size < 4 || password.toLowerCase() === email)
    return 'That password is too easy to guess.'
  return undefined
}
