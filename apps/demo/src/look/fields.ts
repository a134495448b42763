/** Forms, and fields with their labels, hints and errors tied together for everybody. */
import { type Content, html } from '../web/html.ts'
import type { LocalPath } from '../web/return-path.ts'
import type { Visit } from '../web/visit.ts'

export interface PostForm {
  readonly to: LocalPath
  /** A class. */
  readonly look?: string
  readonly content: Content
}

/** A form that changes something. There is no other way to make one, so none is without the session's token. */
export function postForm({ session }: Visit, { to, look, content }: PostForm): Content {
  return html`<form method="post" action="${to}"${look !== undefined && html` class="${look}"`}>
<input type="hidden" name="_csrf" value="${session.csrfToken()}">
${content}</form>`
}

export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'email' | 'password'
  /** What the browser or the password manager may fill in. */
  readonly autocomplete: string
  readonly value?: string
  readonly hint?: string | undefined
  readonly error?: string | undefined
  readonly focus?: boolean
}

export function textField(field: Field): Content {
  const { name, label, type = 'text', autocomplete, value = '', hint, error, focus = false } = field
  const notes = [hint !== undefined && `${name}-hint`, error !== undefined && `${name}-error`].filter(Boolean)
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" required maxlength="254"${
    notes.length > 0 && html` aria-describedby="${notes.join(' ')}"`
  }${error !== undefined && html` aria-invalid="true"`}${focus && html` autofocus`}>
${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
${error !== undefined && html`<p class="error" id="${name}-error">${error}</p>`}
</div>`
}

/** What went wrong with the whole form, said first. */
export function problemBox(problem: string | undefined): Content {
  return problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`
}
