/** What two processes do at once. `prepare` is what a request did before the others began: it checked its token. */
import { Delta } from '../../core/data/delta.ts'
import { type SignedIn, sessionOf, type TestManager, type TestSession } from '../../core/manager.fixture.ts'
import type { Initial } from './history.fixture.ts'
import type { Stage } from './interleavings.fixture.ts'

interface ActParts {
  readonly stage: Stage
  readonly manager: TestManager
  /** The session that the act is about. */
  readonly own: Initial
}

/** What is known afterwards: a new token, an answer to compare. */
export interface Outcome {
  readonly kind: string
  readonly made?: SignedIn | undefined
  readonly count?: number | undefined
}

export interface Act {
  readonly prepare?: (parts: ActParts) => Promise<TestSession>
  readonly run: (parts: ActParts & { readonly prepared: TestSession | undefined }) => Promise<Outcome>
}

export type ActName =
  | 'signIn'
  | 'finishSignIn'
  | 'fromVisitor'
  | 'otherFromVisitor'
  | 'signInAgain'
  | 'increment'
  | 'check'
  | 'regenerate'
  | 'elevate'
  | 'keepOnly'
  | 'revoke'
  | 'signOut'
  | 'revokeOthers'
  | 'revokeAll'
  | 'erase'

/** The observer sees the same store, so its snapshot stands for the one that the process took earlier. */
const checked = ({ stage, own }: ActParts): Promise<TestSession> => sessionOf(stage.observer, own.token)

function must(session: TestSession | undefined): TestSession {
  if (session === undefined) throw new TypeError('This act needs a session.')
  return session
}

function plusOne(): Delta {
  const delta = new Delta()
  delta.increment('n', 1)
  return delta
}

type Made = { readonly kind: string; readonly session?: TestSession; readonly token?: string }

function outcome(result: Made): Outcome {
  const { kind, session, token } = result
  return session === undefined || token === undefined ? { kind } : { kind, made: { session, token } }
}

const visitorOf = ({ visitor }: Stage): { token: string; transport: string } => ({
  token: visitor.token,
  transport: 'bearer',
})

export const ACTS: Readonly<Record<ActName, Act>> = {
  signIn: { run: async ({ manager }) => outcome(await manager.signIn('ada', { data: { n: 0 } })) },
  finishSignIn: { run: async ({ manager, stage }) => outcome(await manager.signIn(stage.attempt)) },
  fromVisitor: {
    run: async ({ manager, stage }) => outcome(await manager.signIn('ada', { previous: visitorOf(stage) })),
  },
  otherFromVisitor: {
    run: async ({ manager, stage }) => outcome(await manager.signIn('bob', { previous: visitorOf(stage) })),
  },
  signInAgain: {
    run: async ({ manager, own }) =>
      outcome(await manager.signIn('ada', { previous: { token: own.token, transport: 'bearer' } })),
  },
  increment: {
    prepare: checked,
    run: async ({ manager, prepared }) => ({ kind: (await manager.apply(must(prepared), plusOne())).kind }),
  },
  check: {
    run: async ({ manager, own }) => ({ kind: (await manager.verify(own.token, 'bearer')).kind }),
  },
  regenerate: {
    prepare: checked,
    run: async ({ manager, prepared }) => outcome(await manager.regenerate(must(prepared))),
  },
  elevate: {
    prepare: checked,
    run: async ({ manager, prepared }) => outcome(await manager.elevate(must(prepared), { aal: 2 })),
  },
  keepOnly: {
    prepare: checked,
    run: async ({ manager, prepared }) =>
      outcome(await manager.credentialChanged('ada', { keep: must(prepared) })),
  },
  revoke: { run: async ({ manager, own }) => ({ kind: String(await manager.revoke(own.id)) }) },
  signOut: {
    prepare: checked,
    run: async ({ manager, prepared }) => {
      await manager.signOut(must(prepared))
      return { kind: 'done' }
    },
  },
  revokeOthers: {
    prepare: checked,
    run: async ({ manager, prepared }) => ({
      kind: 'done',
      count: await manager.revokeOthers(must(prepared)),
    }),
  },
  revokeAll: {
    run: async ({ manager }) => {
      await manager.revokeAll('ada')
      return { kind: 'done' }
    },
  },
  erase: {
    run: async ({ manager }) => {
      await manager.eraseSubject('ada')
      return { kind: 'done' }
    },
  },
}
