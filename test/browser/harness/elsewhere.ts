/** A site of somebody else, on this machine under any loopback name: its pages post forms wherever it likes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

export interface Elsewhere {
  /** Opens a page of the site, under that host name, that posts a form at once, and tells what came of it. */
  post(page: Page, form: ForeignForm): Promise<Posted>
}

interface ForeignForm {
  readonly from: string
  readonly to: string
  readonly fields?: Readonly<Record<string, string>>
}

interface Posted {
  readonly status: number
  /** What the browser said of where the form came from. */
  readonly site: string | undefined
  /** Whether the browser sent cookies along. */
  readonly hadCookies: boolean
  readonly setCookies: number
}

/** Stopped with the test. */
export async function openElsewhere(): Promise<Elsewhere> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
    response.setHeader('content-type', 'text/html').end(formPage(searchParams))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    async post(page, { from, to, fields = {} }) {
      const query = new URLSearchParams({ to, ...fields })
      const [response] = await Promise.all([
        page.waitForResponse((found) => found.url() === to && found.request().method() === 'POST'),
        page.goto(`http://${from}:${port}/?${query.toString()}`, { waitUntil: 'commit' }),
      ])
      await response.finished()
      const asked = await response.request().allHeaders()
      return {
        status: response.status(),
        site: asked['sec-fetch-site'],
        hadCookies: asked['cookie'] !== undefined,
        setCookies: (await response.headerValues('set-cookie')).length,
      }
    },
  }
}

function formPage(query: URLSearchParams): string {
  const fields = [...query].filter(([name]) => name !== 'to')
  const inputs = fields.map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
  return `<!doctype html><title>Win a prize</title>
<form method="post" action="${query.get('to')}">${inputs.join('')}</form>
<script>document.forms[0].submit()</script>`
}
