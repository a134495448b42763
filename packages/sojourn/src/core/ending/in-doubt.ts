/**
 * Revocations that were asked for and not confirmed: refused in this process at once, and driven on.
 *
 * There is one drive for what is asked for, however often that is. What it is to end was observed, and grows with what
 * was observed when it was asked for again; if nothing could be observed then, it looks anew. It is done when
 * everything that was asked for by then is confirmed.
 */
import type { Events } from '../events.ts'
import type { Changed } from '../writing/writer.ts'
import type { PendingRevocations } from './pending.ts'
import type { Refusal, Refusals } from './refusals.ts'

export interface Revocation<Target, Answer = unknown> {
  /** What is to end, whatever there is of it: the same text joins. Public handles only: it is logged. */
  readonly key: string
  /** The roster it concerns, or everything. */
  readonly about: string
  /** Looks what is to end. */
  readonly observe: (how: Try) => Promise<Target>
  /** What ends all that both would end; the older one itself when that is as much. */
  readonly joined: (older: Target, newer: Target) => Target
  /** What is refused here meanwhile; wider while nothing could be observed. */
  readonly refusal: (target: Target | undefined) => Refusal
  readonly run: (target: Target, how: Try) => Promise<Changed<Answer>>
}

export interface Try {
  /** One that is driven on: made whatever the breakers say, and written also when there is nothing left to end. */
  readonly urgent: boolean
}

export interface Observed<Target> {
  readonly target: Target
}

export interface RevocationsInDoubt {
  /**
   * Refuses it from now on; resolves when it is confirmed, never rejects. Without an observation it ends what is there
   * when it can look.
   *
   * @throws SystemError `OVERLOADED` at once, when too many are driven already: then nothing is refused either
   */
  driveOn<Target>(revocation: Revocation<Target>, observed: Observed<Target> | undefined): Promise<void>
}

interface Doubt {
  readonly completed: Promise<void>
  /** Asked for once more. The same key means the same kind of target. */
  readonly askAgain: (observed: Observed<unknown> | undefined) => void
}

export function createInDoubt(parts: {
  readonly events: Events
  readonly refusals: Refusals
  readonly pending: PendingRevocations
}): RevocationsInDoubt {
  const { events, refusals, pending } = parts
  const doubts = new Map<string, Doubt>()

  function begin<Target>(revocation: Revocation<Target>, first: Observed<Target> | undefined): Doubt {
    const { key, about } = revocation
    let observed = first
    let mustLook = first === undefined
    let asked = 0
    const completed = pending.drive({
      key,
      about,
      holdsSignIns: true,
      attempt: () => attempt().catch(() => false),
    })
    let lift = refuse()

    function refuse(): () => void {
      return refusals.add(revocation.refusal(mustLook ? undefined : observed?.target))
    }

    function refuseAnew(): void {
      const liftOld = lift
      lift = refuse()
      liftOld()
    }

    function add({ target }: Observed<Target>): boolean {
      const older = observed
      observed = { target: older === undefined ? target : revocation.joined(older.target, target) }
      return observed.target !== older?.target
    }

    async function known(): Promise<Target> {
      if (observed !== undefined && !mustLook) return observed.target
      const askedBefore = asked
      const target = await revocation.observe({ urgent: true })
      add({ target })
      mustLook = asked !== askedBefore
      refuseAnew()
      return observed?.target ?? target
    }

    async function attempt(): Promise<boolean> {
      const askedBefore = asked
      const { outcome } = await revocation.run(await known(), { urgent: true })
      if (outcome === 'uncertain' || asked !== askedBefore) return false
      doubts.delete(key)
      lift()
      events.emit('revoke.completed', { of: about })
      return true
    }

    return {
      completed,
      askAgain(more) {
        const adds = more === undefined || add(more as Observed<Target>)
        if (!adds) return
        asked++
        mustLook ||= more === undefined
        refuseAnew()
      },
    }
  }

  return {
    driveOn(revocation, observed) {
      const { key, about } = revocation
      const known = doubts.get(key)
      const doubt = known ?? begin(revocation, observed)
      if (known === undefined) doubts.set(key, doubt)
      else known.askAgain(observed)
      events.emit('revoke.uncertain', { of: about })
      return doubt.completed
    },
  }
}
