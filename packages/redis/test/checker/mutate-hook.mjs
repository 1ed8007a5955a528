// The hook of mutate.mjs: every change has to find its place, once.

/** @type {readonly { file: string, from: string, to: string }[]} */
let changes = []

export function initialize(data) {
  changes = data
}

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context)
  const own = changes.filter(({ file }) => new URL(url).pathname.endsWith(`/${file}`))
  if (own.length === 0) return loaded
  let source = String(loaded.source)
  for (const { file, from, to } of own) {
    if (source.split(from).length !== 2) throw new Error(`The mutant no longer fits ${file}: ${from}`)
    source = source.replace(from, () => to)
  }
  return { ...loaded, source }
}
