/** The write of such a sign-in and nothing else: the same change, committed by a bare server. */
import { randomBytes } from 'node:crypto'
import type { RosterChange, SessionStore } from 'sojourn'
import { bodyFor, getRequest, type Target, type TargetOptions } from '../target.ts'
import { openSessions, openStore, userNames } from './populated.ts'
import { fillUp, USERS } from './sign-in.ts'

type RosterKey = Parameters<SessionStore['list']>[0]
type State = Exclude<Awaited<ReturnType<SessionStore['list']>>, string | undefined>

export async function start(options: TargetOptions): Promise<Target> {
  const store = await openStore(options)
  const { sample, sessions } = await recorded(store, options)
  const users = userNames(USERS)
  const rosters = new Map<string, { key: RosterKey; state: State }>()
  for (const user of users) {
    const key = (await sessions.list(user))[0]?.id.slice(0, 16) as RosterKey
    rosters.set(user, { key, state: (await store.list(key)) as State })
  }
  return {
    requests: users.map((user) => getRequest(`/${user}`)),
    async listener(request, response) {
      const user = (request.url ?? '/').slice(1)
      const roster = rosters.get(user) as { key: RosterKey; state: State }
      const { change, next } = admission(roster.state, sample)
      roster.state = next
      const answer = await store.commit(roster.key, change)
      if (answer !== 'committed') throw new Error(answer)
      response.setHeader('content-type', 'application/json')
      response.end(bodyFor(user))
    },
  }
}

/** Users at their limit, and what the library wrote for the last of their sign-ins. */
async function recorded(
  store: SessionStore,
  options: TargetOptions,
): Promise<{ sample: RosterChange; sessions: Awaited<ReturnType<typeof openSessions>>['sessions'] }> {
  let sample: RosterChange | undefined
  const recording: SessionStore = {
    ...store,
    commit(roster, change) {
      sample = change
      return store.commit(roster, change)
    },
  }
  const populated = await openSessions(options, recording)
  await fillUp(populated, userNames(USERS))
  if (sample === undefined) throw new Error('Nothing was written.')
  return { sample, sessions: populated.sessions }
}

/** As the library's own: the oldest record goes, one comes, the header counts on. */
function admission(
  { header, records, unreadable }: State,
  sample: RosterChange,
): { change: RosterChange; next: State } {
  const [oldest, ...others] = records
  const template = sample.put[0]
  if (
    oldest === undefined ||
    template === undefined ||
    sample.header === 'drop' ||
    sample.expect === 'absent'
  )
    throw new Error('The sample is not a sign-in at the limit.')
  const record = {
    ...template,
    epoch: header.epoch,
    number: randomBytes(6).toString('base64url') as typeof oldest.number,
  }
  const nextHeader = { ...header, version: header.version + 1 }
  const { incarnation, epoch, version } = header
  return {
    change: {
      ...sample,
      expect: {
        incarnation,
        epoch,
        rosterVersion: version,
        records: sample.expect.records.map((expected) =>
          expected.version === 'absent'
            ? { ...expected, number: record.number }
            : { ...expected, number: oldest.number, version: oldest.version },
        ),
      },
      header: nextHeader,
      put: [record],
      remove: sample.remove.map((removed) => ({ ...removed, number: oldest.number })),
    },
    next: { header: nextHeader, records: [...others, record], unreadable },
  }
}
