/** Loaded into an example before it runs: its wall clock goes forward when the test says so. */
const now = Date.now
let ahead = 0

Date.now = () => now() + ahead

process.on('message', ({ advance = 0 }: { readonly advance?: number }) => {
  ahead += advance
  process.send?.({ ahead })
})
process.channel?.unref()
