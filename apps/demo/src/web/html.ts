/** HTML as values: everything put into a template is escaped, unless it is such a value itself. */

const RAW = Symbol('raw')

export interface Html {
  readonly [RAW]: string
}

/** What a template takes. `undefined` and `false` show nothing; lists are joined. */
export type Content = Html | string | number | undefined | false | readonly Content[]

/** `html`<p>${text}</p>`. Safe between tags and inside quoted attributes; nowhere else. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  const parts = strings.map((text, index) => text + render(values[index]))
  return { [RAW]: parts.join('') }
}

export function toText(content: Content): string {
  return render(content)
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function render(content: Content): string {
  if (content === undefined || content === false) return ''
  if (typeof content === 'string') return content.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
  if (typeof content === 'number') return String(content)
  return isList(content) ? content.map(render).join('') : content[RAW]
}

function isList(content: Html | readonly Content[]): content is readonly Content[] {
  return Array.isArray(content)
}
