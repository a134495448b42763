// Links between the pages lead somewhere.
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'
import { page, type Page, pages, ROOT } from './pages.ts'

it.each(pages().map((found) => [found.path, found] as const))('%s', (_, found) => {
  expect(links(found).filter((link) => !leadsSomewhere(found, link))).toEqual([])
})

function links({ text }: Page): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '')
}

function leadsSomewhere(from: Page, link: string): boolean {
  if (/^https?:/.test(link)) return true
  const [file = '', anchor] = link.split('#')
  const path = file === '' ? from.path : normalize(join(dirname(from.path), file))
  if (!existsSync(join(ROOT, path))) return false
  return anchor === undefined || anchors(page(path)).includes(anchor)
}

/** As GitHub makes them. */
function anchors({ text }: Page): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
