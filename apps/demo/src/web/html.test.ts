import { expect, test } from 'vitest'
import { html, toText } from './html.ts'

test('everything that is put in is escaped, inside tags and attributes', () => {
  const evil = `"><script>alert('&')</script>`
  expect(toText(html`<a title="${evil}">${evil}</a>`)).toBe(
    '<a title="&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;">&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;</a>',
  )
})

test('templates nest, lists are joined, and nothing shows nothing', () => {
  const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`)
  expect(toText(html`<ul>${items}${undefined}${false}${0}</ul>`)).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li>0</ul>',
  )
})
