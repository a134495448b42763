/** What a posted form says. Express has read it; what it is worth is decided here. */
import { Refusal } from './refusal.ts'
import type { Visit } from './visit.ts'

/** A field's text, without the blanks around it; empty when it is absent. @throws Refusal 400 when it came twice */
export function field(visit: Pick<Visit, 'request'>, name: string): string {
  return passwordField(visit, name).trim()
}

/** The same to the letter, as people choose their passwords. @throws Refusal 400 when it came twice */
export function passwordField({ request }: Pick<Visit, 'request'>, name: string): string {
  const value = (request.body as Readonly<Record<string, unknown>> | undefined)?.[name] ?? ''
  if (typeof value === 'string') return value
  throw new Refusal(400, 'This form arrived damaged. Go back, reload the page and send it again.')
}
