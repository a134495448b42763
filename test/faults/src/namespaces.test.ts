// The network of a run: where it can be made, one address can be cut off from another, one way and both.
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { waysToNetwork } from './namespaces.ts'

/** Runs in a network of its own: which of two addresses reaches the other, before, during and after cuts. */
const PROBE = `
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createCuts, prepareNetwork } from '${new URL('namespaces.ts', import.meta.url).href}'
const [a, b] = ['127.0.0.2', '127.0.0.3']
prepareNetwork()
const cuts = createCuts()
const port = 20000
for (const host of [a, b]) await once(createServer((socket) => socket.pipe(socket)).listen(port, host), 'listening')
const open = async (from, to) => {
  const socket = connect({ host: to, port, localAddress: from })
  await once(socket, 'connect')
  return socket
}
const echoes = async (socket) => {
  socket.write('x')
  return Promise.race([once(socket, 'data').then(() => true), new Promise((done) => setTimeout(done, 300, false))])
}
const reaches = (from, to) => open(from, to).then(echoes, ({ code }) => code)
const both = async () => [await reaches(a, b), await reaches(b, a)]
const said = { before: await both() }
const standing = await open(a, b)
cuts.oneWay([a], [b])
said.oneWay = await reaches(a, b)
said.standing = await echoes(standing)
said.destroyed = standing.destroyed
cuts.between([a], [b])
said.between = await reaches(b, a)
said.unbound = await reaches('127.0.0.1', b)
cuts.heal()
said.after = await both()
console.log(JSON.stringify(said))
process.exit(0)
`

const EXPECTED = {
  before: [true, true],
  oneWay: 'EINVAL',
  standing: false,
  destroyed: false,
  between: 'EINVAL',
  unbound: 'EINVAL',
  after: [true, true],
}

/** What the probe saw, or why there can be no network. */
function probed(): unknown {
  const way = waysToNetwork()
  if ('because' in way) return way
  const command = [...way.unshare, process.execPath, '--input-type=module', '-e', PROBE]
  return JSON.parse(execFileSync('unshare', command, { encoding: 'utf8', timeout: 60_000 }))
}

test('cuts hold one way or both for new connections and those that stand, until they are healed', () => {
  const none = { because: expect.stringContaining('no network of its own can be made here') }
  expect([EXPECTED, none]).toContainEqual(probed())
})
