/** The pictures of the products, 240 × 180, drawn on a tint that the style sheet chooses. */
import { type Html, html } from '../web/html.ts'

export function picture(slug: string): Html | undefined {
  return DRAWINGS[slug] && html`<svg viewBox="0 0 240 180" aria-hidden="true">${DRAWINGS[slug]}</svg>`
}

/** A road through hills: a sun by day, a moon in the dark scheme. */
export const landscape: Html = html`<svg class="landscape" viewBox="0 0 480 240" aria-hidden="true">
<circle class="glow" cx="352" cy="78" r="58"/><circle class="sun" cx="352" cy="78" r="34"/>
<path class="cloud" d="M60 74a16 16 0 0 1 30-6 13 13 0 0 1 24 6zM196 44a12 12 0 0 1 23-4 10 10 0 0 1 18 4z"/>
<path class="far" d="M0 150c50-38 92-46 140-16s76 8 120-14 96-26 140 8 60 18 80 6v106H0z"/>
<path class="middle" d="M0 184c66-36 128-30 190-8s132-26 190-20 76 14 100 6v78H0z"/>
<path class="near" d="M0 214c80-24 150-22 236-6s170-8 244-18v50H0z"/>
<path class="road" d="M262 240c-34-10-34-20 6-29s44-18 6-25-30-14 2-20c14-3 18-7 10-11 14 3 16 9 2 14-24 8-16 11 16 17 48 9 38 20-6 29-28 6-22 13 16 25z"/>
<path class="trees" d="M88 190l12-34 12 34zM112 196l9-26 9 26zM404 184l11-32 11 32zM386 188l8-22 8 22z"/>
<path class="stone" d="M206 226v-19a9 9 0 0 1 18 0v19z"/></svg>`

/** For pages that say where not to go. */
export const signpost: Html = html`<svg class="signpost" viewBox="0 0 160 120" aria-hidden="true">
<ellipse class="near" cx="80" cy="112" rx="62" ry="7"/>
<path class="post" d="M76 26h8v86h-8z"/>
<path class="board" d="M40 34h62l14 11-14 11H40a4 4 0 0 1-4-4V38a4 4 0 0 1 4-4z"/>
<path class="board back" d="M118 62H64L50 72l14 10h54a4 4 0 0 0 4-4V66a4 4 0 0 0-4-4z"/>
<path class="grain" d="M48 45h40M74 72h36"/></svg>`

const DRAWINGS: Readonly<Record<string, Html>> = {
  mug: html`<ellipse cx="122" cy="150" rx="66" ry="6" opacity=".13"/>
<g fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" opacity=".75"><path d="M98 40c-7-8 7-12 0-21"/><path d="M118 42c-7-8 7-12 0-21"/><path d="M138 40c-7-8 7-12 0-21"/></g>
<path d="M158 78h12a20 20 0 0 1 0 42h-14" fill="none" stroke="#2d4a63" stroke-width="10"/>
<path d="M74 60h88v72a18 18 0 0 1-18 18H92a18 18 0 0 1-18-18z" fill="#faf6ec"/>
<path d="M142 60h20v72a18 18 0 0 1-18 18h-18a16 16 0 0 0 16-18z" fill="#e6ddca"/>
<rect x="69" y="54" width="98" height="10" rx="5" fill="#2d4a63"/>
<path d="M88 118l16-22 11 14 8-9 14 17z" fill="#4d7c6c"/><circle cx="131" cy="90" r="6" fill="#d98a56"/>`,

  rucksack: html`<ellipse cx="120" cy="160" rx="64" ry="6" opacity=".15"/>
<path d="M104 30a16 16 0 0 1 32 0" fill="none" stroke="#3c4a35" stroke-width="6"/>
<path d="M68 112c-12 2-14 34-4 42M172 112c12 2 14 34 4 42" fill="none" stroke="#6b4a30" stroke-width="7" stroke-linecap="round"/>
<path d="M74 60a34 32 0 0 1 34-32h24a34 32 0 0 1 34 32v82a16 16 0 0 1-16 16H90a16 16 0 0 1-16-16z" fill="#6f7f56"/>
<path d="M150 34c10 6 16 15 16 26v82a16 16 0 0 1-16 16h-12a14 14 0 0 0 12-16z" fill="#5c6b47"/>
<rect x="86" y="106" width="68" height="42" rx="8" fill="#82936a"/><path d="M86 118h68" stroke="#5c6b47" stroke-width="3"/>
<path d="M72 58a34 32 0 0 1 36-32h24a34 32 0 0 1 36 32v20c0 9-6 14-14 14H86c-8 0-14-5-14-14z" fill="#82936a"/>
<g fill="#7a5235"><rect x="90" y="62" width="9" height="52" rx="3"/><rect x="141" y="62" width="9" height="52" rx="3"/></g>
<g fill="#e3b866"><rect x="87" y="96" width="15" height="10" rx="2"/><rect x="138" y="96" width="15" height="10" rx="2"/></g>`,

  lantern: html`<ellipse cx="120" cy="160" rx="52" ry="6" opacity=".15"/>
<circle cx="120" cy="98" r="70" fill="#ffe9b8" opacity=".32"/><circle cx="120" cy="98" r="52" fill="#ffe9b8" opacity=".45"/>
<path d="M96 46c0-36 48-36 48 0" fill="none" stroke="#39434a" stroke-width="5"/>
<path d="M90 58h60v84H90z" fill="#ffdf9a"/><path d="M90 58h60l-6 14 6 14-6 14 6 14-6 14 6 14H90l6-14-6-14 6-14-6-14 6-14z" fill="#fff1cd"/>
<g stroke="#e2b562" stroke-width="2.5"><path d="M96 72h48M90 86h60M96 100h48M90 114h60M96 128h48"/></g>
<path d="M120 84c10 12 12 18 12 24a12 12 0 0 1-24 0c0-6 2-12 12-24z" fill="#e8843f"/><path d="M120 100c5 6 6 8 6 11a6 6 0 0 1-12 0c0-3 1-5 6-11z" fill="#ffe9b8"/>
<path d="M94 44h52l8 16H86z" fill="#39434a"/><rect x="84" y="140" width="72" height="16" rx="5" fill="#39434a"/>`,

  notebook: html`<ellipse cx="122" cy="160" rx="66" ry="6" opacity=".13"/>
<g transform="rotate(-7 120 92)"><rect x="78" y="32" width="92" height="122" rx="5" fill="#f8f3e6"/><path d="M166 36v114M162 36v114" stroke="#d9d0bb" stroke-width="1.5"/>
<rect x="70" y="28" width="92" height="124" rx="6" fill="#b5533c"/><rect x="70" y="28" width="16" height="124" rx="6" fill="#97432f"/>
<rect x="98" y="48" width="50" height="30" rx="3" fill="#f8f3e6"/><path d="M105 59h36M105 67h24" stroke="#b9ad95" stroke-width="3" stroke-linecap="round"/>
<rect x="147" y="28" width="6" height="124" fill="#2e3b40"/></g>
<g transform="rotate(24 190 100)"><rect x="185" y="50" width="11" height="84" fill="#e3a94b"/><rect x="185" y="50" width="4" height="84" fill="#f0c272"/><path d="M185 134h11l-5.5 17z" fill="#f2dfc0"/><path d="M188.5 144.5h4l-2 6.5z" fill="#2e3b40"/><rect x="185" y="40" width="11" height="11" rx="3" fill="#c96f5c"/></g>`,

  blanket: html`<ellipse cx="120" cy="156" rx="80" ry="6" opacity=".14"/>
<g stroke="#efe6d3" stroke-width="3" stroke-linecap="round"><path d="M56 146v9M66 146v9M76 146v9M86 146v9M96 146v9M106 146v9M116 146v9M126 146v9M136 146v9M146 146v9M156 146v9M166 146v9M176 146v9M186 146v9"/></g>
<rect x="46" y="116" width="148" height="32" rx="16" fill="#e9dfca"/><rect x="46" y="86" width="148" height="34" rx="17" fill="#f6efe0"/><rect x="46" y="54" width="148" height="36" rx="18" fill="#fbf7ec"/>
<path d="M178 54h-2a18 18 0 0 1 0 36h2a17 17 0 0 1 0 30 16 16 0 0 1 0 28 16 16 0 0 0 16-16 16 16 0 0 0-7-13 17 17 0 0 0 0-28 18 18 0 0 0-9-37z" fill="#d9cbb0"/>
<g fill="#3f6b73"><rect x="68" y="54" width="10" height="36"/><rect x="68" y="88" width="10" height="32"/><rect x="68" y="118" width="10" height="30"/></g>
<g fill="#c9774f"><rect x="84" y="54" width="5" height="36"/><rect x="84" y="88" width="5" height="32"/><rect x="84" y="118" width="5" height="30"/></g>
<path d="M50 88h138M50 118h138" stroke="#cdbf9f" stroke-width="2"/>`,

  compass: html`<ellipse cx="120" cy="166" rx="50" ry="5" opacity=".14"/>
<circle cx="120" cy="26" r="11" fill="none" stroke="#a97f35" stroke-width="6"/><rect x="112" y="32" width="16" height="14" rx="3" fill="#a97f35"/>
<circle cx="120" cy="102" r="60" fill="#c99a45"/><path d="M120 42a60 60 0 0 1 0 120 66 66 0 0 0 0-120z" fill="#b08337"/><circle cx="120" cy="102" r="48" fill="#fbf7ec"/>
<g stroke="#6f665a" stroke-width="3" stroke-linecap="round"><path d="M120 60v8M120 136v8M78 102h8M154 102h8"/></g><g stroke="#b9ae9b" stroke-width="2" stroke-linecap="round"><path d="M90 72l4 4M150 72l-4 4M90 132l4-4M150 132l-4-4"/></g>
<g transform="rotate(32 120 102)"><path d="M120 64l9 38h-18z" fill="#c2513a"/><path d="M120 140l9-38h-18z" fill="#39525c"/></g><circle cx="120" cy="102" r="5" fill="#c99a45"/>`,

  tea: html`<ellipse cx="120" cy="160" rx="54" ry="6" opacity=".15"/>
<path d="M76 62h88v82c0 8-20 14-44 14s-44-6-44-14z" fill="#34423f"/><path d="M146 62h18v82c0 5-7 9-18 11.5z" fill="#283431"/>
<path d="M72 40c0-8 22-14 48-14s48 6 48 14v22c0 8-22 14-48 14s-48-6-48-14z" fill="#c9a25a"/><ellipse cx="120" cy="40" rx="48" ry="14" fill="#e0bf7c"/><ellipse cx="120" cy="39" rx="36" ry="9" fill="#d0ab64"/>
<path d="M150 72c11-2 18-6 18-10V44c0 5-7 9-18 11z" fill="#af8a45"/>
<rect x="90" y="88" width="52" height="52" rx="26" fill="#f3ead6"/><path d="M103 128c0-18 9-28 26-30 1 18-8 29-26 30z" fill="#5d8a66"/><path d="M103 128c5-10 11-17 19-23" fill="none" stroke="#f3ead6" stroke-width="2.5" stroke-linecap="round"/>`,

  flask: html`<ellipse cx="120" cy="164" rx="46" ry="6" opacity=".14"/>
<rect x="90" y="66" width="60" height="96" rx="12" fill="#3f6470"/><path d="M132 66h6a12 12 0 0 1 12 12v72a12 12 0 0 1-12 12h-14a10 10 0 0 0 8-12z" fill="#345560"/>
<rect x="98" y="78" width="7" height="60" rx="3.5" fill="#6f93a0" opacity=".8"/><rect x="94" y="54" width="52" height="14" rx="4" fill="#b9c2c4"/><rect x="134" y="54" width="12" height="14" rx="4" fill="#9aa5a8"/>
<path d="M92 24a8 8 0 0 1 8-8h40a8 8 0 0 1 8 8v26a6 6 0 0 1-6 6H98a6 6 0 0 1-6-6z" fill="#dfe4e4"/><path d="M132 16h8a8 8 0 0 1 8 8v26a6 6 0 0 1-6 6h-14a6 6 0 0 0 4-6z" fill="#c3cccd"/>
<path d="M148 28h8a8 8 0 0 1 0 18h-8" fill="none" stroke="#c3cccd" stroke-width="6"/><rect x="90" y="120" width="60" height="10" fill="#d98a56"/><rect x="132" y="120" width="18" height="10" fill="#bd7344"/>`,
}
