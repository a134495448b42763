/**
 * What an operator can do to everybody's sessions with two lines of nginx, and which line keeps them apart (`faults.md` F35).
 * What nginx stores of its own accord, and what HAProxy does, is in `test/servers/shared-cache.test.ts`.
 */
import { expect, onTestFinished, test } from 'vitest'
import { type Browser, createBrowser, json } from '../../http/harness/browser.ts'
import { startWorld } from '../../http/harness/world.ts'
import { startBalancer } from './balancers.ts'

const STORES_ALL = `
  proxy_cache pages;
  proxy_cache_key $request_uri;
  proxy_cache_valid any 1h;
  proxy_ignore_headers Set-Cookie Expires Vary`

async function visitors(location: string): Promise<readonly [Browser, Browser]> {
  const world = await startWorld({ options: { proxies: { trusted: ['127.0.0.1'] } } })
  const balancer = await startBalancer('nginx', {
    affinity: 'none',
    ports: [world.port, world.port, world.port],
    location,
    inHttp: (folder) => `proxy_cache_path ${folder}/cache keys_zone=pages:1m;`,
  })
  onTestFinished(balancer.stop)
  const visitor = (): Browser => createBrowser({ port: balancer.port, tls: true })
  return [visitor(), visitor()]
}

/** Whom each is told to be, asked for one and the same page. */
async function whoTheyAre(location: string): Promise<readonly unknown[]> {
  const [alice, bob] = await visitors(location)
  await alice.post('/login?user=alice')
  await bob.post('/login?user=bob')
  return [json(await alice.get('/me')).subject, json(await bob.get('/me')).subject]
}

test('nginx that overlooks Set-Cookie, Expires and Vary still shows everybody their own page', async () => {
  expect(await whoTheyAre(`${STORES_ALL};`)).toEqual(['alice', 'bob'])
})

test('nginx that overlooks Cache-Control as well shows one user’s page to the next', async () => {
  expect(await whoTheyAre(`${STORES_ALL} Cache-Control;`)).toEqual(['alice', 'alice'])
})

test('even then it keeps them apart if it stores nothing for whoever has a cookie', async () => {
  const apart = 'proxy_no_cache $http_cookie $upstream_http_set_cookie; proxy_cache_bypass $http_cookie;'
  expect(await whoTheyAre(`${STORES_ALL} Cache-Control; ${apart}`)).toEqual(['alice', 'bob'])
})
