/**
 * A cluster: the primary of the key's slot, and where a server redirects to. Only what was refused is sent again: a
 * redirection says that the command was not executed.
 */
import type { CommandArgument, RedisPort, Reply } from '../port.ts'
import { type ClusterTarget, clusterMembers, MAP_QUESTION, type Member, type Members } from './members.ts'
import { type Redirection, redirection } from './server-errors.ts'
import { slotOfKey } from '../slots.ts'
import { readSlotMap } from './slot-map.ts'
import { mostNamed } from '../votes.ts'
import { notItsOwn } from './primary.ts'

/** Slots move one by one; more redirections than a few are a circle. */
const MOST_REDIRECTIONS = 5

/** Sends it to this member. `asking`: the member has been named for this command only. */
type Send<T> = (member: Member, asking: boolean) => Promise<T>

export function clusterPort(target: ClusterTarget): RedisPort {
  const members = clusterMembers(target)
  return {
    traits: { driver: 'node-redis', topology: 'cluster', invalidation: 'push' },
    command: (args, { key, readonly }) =>
      routed(members, key, (member, asking) => send(member, { args, readonly, asking })),
    writeAndWait: (args, { key, replicas, timeoutMs }) =>
      routed(members, key, ({ primary }, asking) =>
        primary.writeAndWait(args, { replicas, timeoutMs, asking }),
      ),
    subscribe: members.interests.subscribe,
    watchRouting: members.interests.watchRouting,
    giveUp: (key) => members.serving(slotOfKey(key))?.primary.leave(notItsOwn()),
    isNamedPrimary: (key) => isNamedPrimary(members, key),
    close: members.close,
  }
}

interface Routed {
  readonly args: readonly CommandArgument[]
  readonly readonly: boolean
  readonly asking: boolean
}

function send({ primary }: Member, { args, readonly, asking }: Routed): Promise<Reply> {
  if (asking) return primary.askingWrite(args)
  return readonly ? primary.read(args) : primary.write(args)
}

function routed<T>(members: Members, key: string, sendTo: Send<T>): Promise<T> {
  const slot = slotOfKey(key)
  const member = members.serving(slot)
  if (member === undefined) return members.found(slot).then((found) => sendFrom(found))
  return sendFrom(member)

  function sendFrom(from: Member): Promise<T> {
    return sendTo(from, false).catch((error: unknown) => follow(error, { members, from, sendTo }))
  }
}

interface Trail<T> {
  readonly members: Members
  readonly from: Member
  readonly sendTo: Send<T>
}

async function follow<T>(error: unknown, { members, from, sendTo }: Trail<T>): Promise<T> {
  let refusal = error
  let member = from
  for (let count = 0; count < MOST_REDIRECTIONS; count++) {
    const to = redirection(refusal)
    if (to === undefined) break
    member = redirected(members, member, to)
    try {
      return await sendTo(member, to.kind === 'ASK')
    } catch (next) {
      refusal = next
    }
  }
  throw refusal
}

function redirected(members: Members, from: Member, { kind, slot, ...to }: Redirection): Member {
  const address = { host: to.host === '' ? from.host : to.host, port: to.port }
  return kind === 'MOVED' ? members.moved(slot, address) : members.at(address)
}

/** A majority of the primaries names, for the slot, the one that this port asks. */
async function isNamedPrimary(members: Members, key: string): Promise<boolean> {
  const slot = slotOfKey(key)
  const member = members.serving(slot)
  if (member === undefined) return false
  const { choice, isMajority } = await mostNamed(members.all().map((asked) => namedFor(slot, asked)))
  if (isMajority && choice !== member.id) void members.refresh()
  return isMajority && choice === member.id && members.serving(slot) === member
}

async function namedFor(slot: number, { host, primary }: Member): Promise<string | undefined> {
  const ranges = readSlotMap(await primary.read(MAP_QUESTION), host)
  return ranges.find(({ from, to }) => from <= slot && slot <= to)?.primary.id
}
