// node scripts/fuzz.mjs [SECONDS] [SEED]: hostile input for every reader of header fields. Each must answer whatever comes, the same
// each time, and within 2 ms for 64 KiB. Ends with 1 and the input as JSON when one does not.

import { isDeepStrictEqual } from 'node:util'
import { ensureInstalled } from './setup.mjs'

ensureInstalled()
const { register } = await import('tsx/esm/api')
register()
const { readers } = await import('./fuzz/readers.mjs')
const { createInputs } = await import('./fuzz/inputs.mjs')

const seconds = Number(process.argv[2] ?? 600)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
const LIMIT_MS = 2
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error('node scripts/fuzz.mjs [SECONDS] [SEED]')
  process.exit(2)
}

console.log(`${readers.length} readers, ${seconds} s, seed ${seed}`)
const inputs = createInputs(seed)
const tallies = readers.map(({ name }) => ({ name, inputs: 0, characters: 0, answers: new Set(), slowestMs: 0 }))
const beganAt = performance.now()
const endAt = beganAt + seconds * 1000
let nextWordAt = beganAt + 60_000
let count = 0
let isWarm = false

for (let round = 0; performance.now() < endAt; round++) {
  // Before V8 has compiled a reader its first runs take longer than all that follow.
  isWarm ||= round > 2000
  for (let i = 0; i < readers.length; i++) tryOne(readers[i], tallies[i])
  if (performance.now() > nextWordAt) {
    nextWordAt += 60_000
    console.log(`${elapsed().toFixed(0)} s: ${count} inputs`)
  }
}

console.table(
  tallies.map(({ name, inputs, characters, answers, slowestMs }) => ({
    reader: name,
    inputs,
    'MiB read': Math.round(characters / 1024 / 1024),
    'kinds of answer': answers.size,
    'slowest ms': Math.round(slowestMs * 1000) / 1000,
  })),
)
console.log(
  `${count} inputs in ${elapsed().toFixed(0)} s: ${Math.round(count / elapsed())} a second, and nothing found.`,
)

function tryOne(reader, tally) {
  const text = inputs.next(reader)
  count++
  tally.inputs++
  tally.characters += text.length
  let answer
  const startedAt = performance.now()
  try {
    answer = reader.read(text)
  } catch (error) {
    found(reader, text, `throws ${error?.stack ?? error}`)
  }
  const tookMs = performance.now() - startedAt
  if (tookMs > tally.slowestMs && isWarm) {
    // Collecting garbage or another process may have taken the time, so what counts is the median of many.
    const typicalMs = (tookMs < LIMIT_MS / 4 ? tookMs : typical(() => reader.read(text))) / (reader.calls ?? 1)
    if (typicalMs >= LIMIT_MS) found(reader, text, `takes ${typicalMs.toFixed(2)} ms`)
    tally.slowestMs = Math.max(tally.slowestMs, typicalMs)
  }
  if (!isDeepStrictEqual(reader.read(text), answer)) found(reader, text, 'answers otherwise the second time')
  const kind = kindOf(answer)
  if (!tally.answers.has(kind) && tally.answers.size < 5000) {
    tally.answers.add(kind)
    inputs.keep(reader, text)
  }
}

/** What it takes when nothing else disturbs: garbage collection spoils single runs, a busy machine whole spells of them. */
function typical(work) {
  let least = Number.POSITIVE_INFINITY
  for (let spell = 0; spell < 5 && least >= LIMIT_MS; spell++) {
    const cpu = process.cpuUsage()
    const took = Array.from({ length: 25 }, () => {
      const startedAt = performance.now()
      work()
      return performance.now() - startedAt
    })
    const { user, system } = process.cpuUsage(cpu)
    least = Math.min(least, took.sort((a, b) => a - b)[12], (user + system) / 1000 / took.length)
  }
  return least
}

/** What is told apart of an answer: its words and its numbers' size, not the numbers. */
function kindOf(answer) {
  return (JSON.stringify(answer) ?? String(answer)).slice(0, 400).replace(/\d+/g, digits => digits.length)
}

function found(reader, text, what) {
  const input = JSON.stringify(text)
  console.error(`\n${reader.name} ${what}\nseed ${seed}, input of ${text.length} characters:\n${input}`)
  process.exit(1)
}

function elapsed() {
  return (performance.now() - beganAt) / 1000
}
