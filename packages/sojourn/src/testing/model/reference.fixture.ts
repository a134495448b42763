/**
 * What sessions mean, in the plainest words: lists, counters and a clock, no store, no hash, no concurrency.
 * The library is right when it agrees with this; this is right when reading it leaves no doubt.
 */
export const SECOND = 1000
export const MINUTE: number = 60 * SECOND
export const HOUR: number = 60 * MINUTE
export const DAY: number = 24 * HOUR

const LIFETIMES: Readonly<Record<Lifetime, { readonly idle: number; readonly absolute: number }>> = {
  session: { idle: 10 * MINUTE, absolute: 2 * HOUR },
  remember: { idle: DAY, absolute: 3 * DAY },
  anonymous: { idle: HOUR, absolute: 6 * HOUR },
}
export const GRACE: number = 30 * SECOND
export const ATTEMPT: number = 15 * MINUTE
/** The one data key that crosses a sign-in. */
export const CARRIED = 'cart'

type Lifetime = 'session' | 'remember' | 'anonymous'
export type Policy = 'evict-oldest' | 'reject'

export interface Stay {
  readonly id: string
  readonly subject: string | undefined
  readonly lifetime: Lifetime
  readonly createdAt: number
  since: number
  seenAt: number
  aal: number
  generation: number
  privilege: number
  graceUntil: number | undefined
  over: boolean
  /** When a sign-in took it over. Until it is deleted, a repeated one of the same subject continues there. */
  claimedAt: number | undefined
  data: Record<string, unknown>
}

export interface Issued {
  readonly token: string
  readonly stay: Stay
  readonly generation: number
}

export interface Attributes {
  readonly version: number
  readonly value: Record<string, unknown>
}

export class Reference {
  now = 0
  readonly stays: Stay[] = []
  readonly issued: Issued[] = []
  /** Counts the revocations that no sign-in in flight survives. */
  readonly revocations = new Map<string, number>()
  everything = 0
  readonly attributes = new Map<string, Attributes>()
  readonly limit: { readonly count: number; readonly policy: Policy }

  constructor(limit: Reference['limit']) {
    this.limit = limit
  }

  lives(stay: Stay): boolean {
    const { idle, absolute } = LIFETIMES[stay.lifetime]
    return !stay.over && this.now < stay.seenAt + idle && this.now < stay.since + absolute
  }

  liveOf(subject: string): Stay[] {
    return this.stays.filter((stay) => stay.subject === subject && this.lives(stay))
  }

  verdict({ stay, generation }: Issued): 'present' | 'previous' | 'none' {
    if (!this.lives(stay)) return 'none'
    if (generation === stay.generation) return 'present'
    const inGrace = stay.graceUntil !== undefined && this.now < stay.graceUntil
    return inGrace && generation === stay.generation - 1 ? 'previous' : 'none'
  }

  tokenOf(stay: Stay): string | undefined {
    return this.issued.find((issued) => issued.stay === stay && issued.generation === stay.generation)?.token
  }

  /** A check that was answered `valid`: seen, at the documented coarseness; the successor ends the grace by its use. */
  use(issued: Issued): void {
    const { stay } = issued
    if (this.verdict(issued) === 'present') stay.graceUntil = undefined
    if (this.now - stay.seenAt >= Math.min(MINUTE, LIFETIMES[stay.lifetime].idle / 30)) stay.seenAt = this.now
  }

  begin(made: Pick<Stay, 'id' | 'subject' | 'lifetime' | 'createdAt' | 'aal' | 'data'>, token: string): Stay {
    const stay: Stay = {
      ...made,
      since: made.createdAt,
      seenAt: made.createdAt,
      generation: 0,
      privilege: 0,
      graceUntil: undefined,
      over: false,
      claimedAt: undefined,
    }
    this.stays.push(stay)
    this.issued.push({ token, stay, generation: 0 })
    return stay
  }

  /** Without grace it is for a reason of privilege, and a change that was decided before lands no more. */
  renew(stay: Stay, token: string, options: { readonly grace: boolean }): void {
    stay.generation += 1
    if (!options.grace) stay.privilege += 1
    stay.graceUntil = options.grace ? this.now + GRACE : undefined
    this.issued.push({ token, stay, generation: stay.generation })
  }

  elevate(stay: Stay, token: string, to: { readonly aal: number; readonly at: number }): void {
    this.renew(stay, token, { grace: false })
    stay.since = to.at
    stay.seenAt = to.at
    stay.aal = Math.max(stay.aal, to.aal)
  }

  /** Who must go so that one more may come: the least recently seen. */
  surplus(subject: string, replaced: Stay | undefined): Stay[] {
    const others = this.liveOf(subject).filter((stay) => stay !== replaced)
    const oldestFirst = others.toSorted((a, b) => a.seenAt - b.seenAt || a.createdAt - b.createdAt)
    return oldestFirst.slice(0, Math.max(0, others.length - this.limit.count + 1))
  }

  end(stays: readonly Stay[]): void {
    for (const stay of stays) stay.over = true
  }

  endAll(subject: string): void {
    this.end(this.stays.filter((stay) => stay.subject === subject))
    this.revocations.set(subject, (this.revocations.get(subject) ?? 0) + 1)
  }

  endAllBut(kept: Stay): void {
    if (kept.subject === undefined) return
    const wasOver = !this.lives(kept)
    this.endAll(kept.subject)
    kept.over = wasOver
  }

  offer(subject: string, offered: Attributes): 'set' | 'stale' {
    const known = this.attributes.get(subject)
    if (known !== undefined && offered.version <= known.version)
      return offered.version === known.version && offered.value['plan'] === known.value['plan']
        ? 'set'
        : 'stale'
    this.attributes.set(subject, offered)
    return 'set'
  }
}
