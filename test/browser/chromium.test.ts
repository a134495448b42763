/** What the other tests take for granted of this browser. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type DevelopmentCertificate, developmentCertificate } from '../programs/certificate.ts'
import { launchChromium } from './harness/chromium.ts'

async function siteWith({ cert, key }: DevelopmentCertificate): Promise<string> {
  const server = createServer({ cert, key }, (_, response) => response.end('private'))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}/`
}

test('a certificate is trusted when its key is pinned, and not otherwise', async () => {
  const [pinned, other] = [developmentCertificate(), developmentCertificate()]
  const browser = await launchChromium({ pins: [pinned.pin] })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  const response = await page.goto(await siteWith(pinned))
  expect(await response?.text()).toBe('private')
  await expect(page.goto(await siteWith(other))).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
})
