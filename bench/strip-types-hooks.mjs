// The hook of strip-types.mjs: what ts-blank-space makes of a file is kept in .cache/bench, by the file's content.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const cache = new URL('../.cache/bench/', import.meta.url)

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  const text = readFileSync(fileURLToPath(url), 'utf8')
  const kept = new URL(`${createHash('sha256').update(text).digest('hex').slice(0, 24)}.mjs`, cache)
  return { format: 'module', shortCircuit: true, source: read(kept) ?? (await strip(url, text, kept)) }
}

function read(kept) {
  try {
    return readFileSync(kept, 'utf8')
  } catch {
    return undefined
  }
}

async function strip(url, text, kept) {
  const { default: blank } = await import('ts-blank-space')
  const source = `${blank(text)}\n//# sourceURL=${url}`
  mkdirSync(cache, { recursive: true })
  const part = new URL(`${kept.href}.${process.pid}`)
  writeFileSync(part, source)
  renameSync(part, kept)
  return source
}
