/** Small drawings that say nothing on their own: every one stands beside its words. */
import { type Html, html } from '../web/html.ts'

export const mark: Html = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><circle class="mark-disc" cx="16" cy="16" r="16"/><path class="mark-road" d="M20.5 5.5c-9 3.5-10 7-3.5 9.5s7 6-7 11.5"/><circle class="mark-sun" cx="22.5" cy="20.5" r="2"/></svg>`

const laptop = html`<svg class="device-icon" viewBox="0 0 32 32" aria-hidden="true"><rect x="6" y="7" width="20" height="14" rx="2"/><path d="M3 25h26"/></svg>`

const phone = html`<svg class="device-icon" viewBox="0 0 32 32" aria-hidden="true"><rect x="10" y="4" width="12" height="24" rx="2.5"/><path d="M15 24.5h2"/></svg>`

/** A phone or a computer, as the label suggests. */
export function deviceIcon(label: string): Html {
  return /Android|iOS|iPhone|iPad|Mobile/i.test(label) ? phone : laptop
}
