/** The account that is there from the start, so that nobody has to sign up to look around. */
import type { Accounts } from './accounts.ts'
import { hashPassword, isPassword } from './passwords.ts'

export const DEMO_EMAIL = 'demo@example.com'
/** Printed at start; this shop is reached from this machine only. */
export const DEMO_PASSWORD = 'the long way home'

/** Makes the account when there is none. Tells whether the password is still the one it was made with. */
export async function ensureDemoAccount(accounts: Accounts): Promise<{ readonly passwordIsKnown: boolean }> {
  const id = accounts.idOf(DEMO_EMAIL)
  if (id !== undefined) return { passwordIsKnown: await isPassword(accounts.passwordHash(id), DEMO_PASSWORD) }
  accounts.create(DEMO_EMAIL, await hashPassword(DEMO_PASSWORD))
  return { passwordIsKnown: true }
}
