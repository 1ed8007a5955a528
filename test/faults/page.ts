// docs/reliability.md: the table of all rows with the figures of one run.

import { cpus, totalmem } from 'node:os'
import type { Mode } from './mode.ts'
import type { Result } from './run-row.ts'

/** What could not be injected, or is held by other tests. */
const elsewhere: readonly (readonly [id: string, why: string])[] = [
  ['R12 TRYAGAIN', 'part of R15: commands on a slot that is half moved'],
  ['H1', 'a service that ends under load, with Redis frozen too, is tested in `test/lifecycle`'],
  [
    'E5, a name server that is silent',
    'the rows give the process a look-up of their own (`dns.lookup`), so they say nothing of one that hangs in the threads of the system',
  ],
  [
    'loss of single packets',
    'the machines of the tests have no `tc netem`; the proxy of the tests works on the bytes of a connection, so it delays, holds, swallows, cuts and flips, and cannot reorder',
  ],
]

export function reliabilityPage(
  results: readonly Result[],
  mode: Mode,
  others: readonly (readonly string[])[],
): string {
  const { rate, beforeMs, faultMs, afterMs, lanes } = mode
  const [cpu] = cpus()
  const good = results.filter(({ slow, wrong }) => slow.length + wrong.length === 0).length
  const seconds = (ms: number): string => `${ms / 1000} s`
  return `# Reliability

What a site behind Larder does while Redis fails: real servers, broken on purpose under a constant load. This page is written by \`npm run test:faults\`; the same
rows run shorter, with wider bounds, on every change ([\`test/faults\`](../test/faults)).

**The run.** ${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, all processes on this machine. ${rate} requests a second from an
open loop (whatever waits, waits from the instant at which it was due): 60 % find their response in memory, 30 % in Redis, 10 % have a handler run that takes 5 ms. ${seconds(beforeMs)}
before the fault, ${seconds(faultMs)} of it unless the row says otherwise, ${seconds(afterMs)} after, ${lanes === 1 ? 'one row at a time' : `${lanes} rows at a time`}. The very same requests go to a site without Redis; each second is compared
with that site in that second or the one beside it.

**The standard.** No errors; the 99th percentile of the first second at most 60 ms above the site without Redis (one deadline of 50 ms), of every later second at most
2 ms; nothing added to any request beyond 110 ms; at most 256 commands and 8 MB on their way; at most 32 MiB more memory; the far tier used again at most 5 s after the
cause has ended. ${good} of ${results.length} rows kept all of it in this run; what the others did not keep is below the table.

| row | fault | errors | Δp99 first second | Δp99 later, median | Δp99 later, worst | added at most | commands, bytes on their way | memory | breaker opened | used again after | site without Redis: slowest |
|---|---|---|---|---|---|---|---|---|---|---|---|
${results.map(line).join('\n')}

Milliseconds unless said. The row \`none\` shows what the machine does where no fault is. Δ is against the site without Redis: below zero that one was slower. A
slowest request there of more than some 20 ms means that the machine was busy with other things, and that no figure of that row below it means much.

## What rows say beside
${results
  .filter(({ notes }) => notes.length > 0)
  .map(({ id, notes }) => `- **${id}**: ${notes.join('; ')}.`)
  .join('\n')}

## What was not kept
${
  results
    .filter(({ slow, wrong }) => slow.length + wrong.length > 0)
    .map(({ id, slow, wrong }) => `- **${id}**: ${[...wrong, ...slow].join('; ')}.`)
    .join('\n') || 'Nothing.'
}

## What is not in the table
| | |
|---|---|
${[...others, ...elsewhere].map(([id, why]) => `| ${id} | ${why} |`).join('\n')}
`
}

function line({ id, title, summary, commands, bytes, rssMiB, openings, recoveryMs }: Result): string {
  const { errors, requests, firstMs, typicalMs, laterMs, addedMs, noiseMs } = summary
  const cells = [
    id,
    title,
    `${errors} of ${requests}`,
    tenth(firstMs),
    tenth(typicalMs),
    tenth(laterMs),
    tenth(addedMs),
    `${commands}, ${bytes < 10_000 ? bytes : `${Math.round(bytes / 1000)} kB`}`,
    `${tenth(rssMiB)} MiB`,
    String(openings),
    recoveryMs === undefined ? 'not' : String(Math.round(recoveryMs)),
    tenth(noiseMs),
  ]
  return `| ${cells.join(' | ')} |`
}

function tenth(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value * 10) / 10) : '–'
}
