// What every server of a benchmark answers: JSON of 1 KB or 32 KB, made anew for each run of a handler.

export interface Origin {
  /** The answer, counted as a run of the handler. */
  json(): { readonly items: readonly object[] }
  runs(): number
  /** The same, made beforehand. */
  readonly body: Buffer
  /** A flat list, as `writeHead` takes it. */
  readonly headers: string[]
}

export const KB = 20
export const KB32 = 775

/** `items` is how many there are in the list; each takes some 42 bytes. */
export function createOrigin(items = KB): Origin {
  const list = Array.from({ length: items }, (_, id) => ({ id, title: `Event ${id}`, city: 'Lyon' }))
  const body = Buffer.from(JSON.stringify({ items: list }))
  let runs = 0
  return {
    json() {
      runs++
      return { items: list }
    },
    runs: () => runs,
    body,
    headers: ['Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(body.length)],
  }
}
