/** `examples/common/draining.ts`, as load balancers see it. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { expect, test } from 'vitest'
import { acceptsConnections } from 'sojourn-test-programs'
import { type DrainingServer, drainingServer } from '../../../examples/common/draining.ts'

type Ask = readonly [method: string, path: string, headers?: Readonly<Record<string, string>>]

const NOTICE = { noticeMs: 500 }
const PASSED_ON = { 'x-passed-on': '502' }

async function ask({ port }: DrainingServer, [method, path, headers = {}]: Ask): Promise<IncomingMessage> {
  const sent = request({ host: '127.0.0.1', port, method, path, headers }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.resume()
  return answer
}

const ASKS: readonly Ask[] = [
  ['GET', '/ready'],
  ['GET', '/'],
  ['POST', '/'],
  ['GET', '/', PASSED_ON],
  ['HEAD', '/', PASSED_ON],
  ['POST', '/', PASSED_ON],
  ['GET', '/', { 'x-passed-on': 'yes' }],
]

async function statuses(server: DrainingServer): Promise<readonly unknown[]> {
  const answers = await Promise.all(ASKS.map((each) => ask(server, each)))
  return answers.map(({ statusCode }) => statusCode)
}

test('a server that leaves says so, takes what nobody else would get, and then closes its port', async () => {
  const server = await drainingServer((_request, response) => void response.writeHead(200).end(), 0, NOTICE)
  expect(await statuses(server)).toEqual([200, 200, 200, 200, 200, 200, 200])
  const left = server.drain()
  expect(await statuses(server)).toEqual([503, 200, 200, 502, 502, 200, 200])
  const last = await ask(server, ['GET', '/'])
  expect(last.headers.connection).toBe('close')
  await ask(server, ['GET', '/ready'])
  await left
  expect(await acceptsConnections(server.port)).toBe(false)
})

test('an answer that is under way when it leaves arrives', async () => {
  const finishing = Promise.withResolvers<() => void>()
  const server = await drainingServer(
    (_request, response) => {
      finishing.resolve(() => response.writeHead(200).end())
    },
    0,
    NOTICE,
  )
  const answered = ask(server, ['POST', '/'])
  const finish = await finishing.promise
  const left = server.drain()
  await expect.poll(() => acceptsConnections(server.port), { timeout: 60_000 }).toBe(false)
  finish()
  expect((await answered).statusCode).toBe(200)
  await left
})
