// @ts-check
/// <reference lib="dom" />
// For the page of devices: what the server tells while somebody looks at it. Without this script the page is as true
// as when it was loaded.

/** @type {EventSource | undefined} */
let stream

function listen() {
  stream?.close()
  // A browser opens six connections to a shop at most, so tabs that nobody sees leave theirs to others.
  if (document.visibilityState !== 'visible') return
  stream = new EventSource('/devices/live')
  stream.addEventListener('ended', ({ data }) => {
    // The next page comes from the server: nothing of this one is left.
    location.replace(`/sign-in?return=/devices&notice=${encodeURIComponent(data)}`)
  })
  stream.addEventListener('happened', ({ data }) => show(JSON.parse(data)))
}

/** @param {{ text: string, event: string }} entry */
function show({ text, event }) {
  const line = /** @type {HTMLTemplateElement} */ (find(document, '#diary-line')).content.cloneNode(true)
  find(/** @type {DocumentFragment} */ (line), '.diary-text').textContent = text
  find(/** @type {DocumentFragment} */ (line), 'code').textContent = event
  find(document, '#diary-latest').textContent = text
  find(document, '#diary-lines').prepend(line)
  find(document, '#stale').removeAttribute('hidden')
}

/**
 * @param {ParentNode} place
 * @param {string} selector
 */
function find(place, selector) {
  const found = place.querySelector(selector)
  if (found === null) throw new Error(`This page has no ${selector}.`)
  return found
}

document.addEventListener('visibilitychange', listen)
// What this page is about to do itself, the next one says.
addEventListener('submit', () => stream?.close())
listen()
