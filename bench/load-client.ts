// A client of its own process: keeps a server busy over several connections, each with one request at a time, where requests differ from each other.

import { once } from 'node:events'
import { connect } from 'node:net'
import { randomFrom, zipf } from './random.ts'

/**
 * How the requests of a round differ: not at all, each from all others, each from the 4,095 before it, or as the popularity of pages does
 * (nine of ten for one of 10,000 pages, one of ten for what nobody asked for before).
 */
export type Variety = 'same' | 'unique' | 'cycle' | 'zipf'

export interface Order {
  readonly port: number
  readonly connections: number
  readonly variety: Variety
  readonly path: string
  /** The lines of the fields, each with its end. */
  readonly fields: string
  /** Another one each time, so that what is unique stays so. */
  readonly round: number
  /** Ask once for everything that is asked for again and again, instead of a round. */
  readonly isFilling: boolean
  /** The round ends with whatever comes first. */
  readonly seconds: number
  readonly requests: number
}

const CYCLE = 4096
const PAGES = 10_000

/** What is asked for again and again. */
const known: Readonly<Record<Variety, { readonly count: number; pathOf(path: string, i: number): string }>> = {
  same: { count: 1, pathOf: path => path },
  unique: { count: 0, pathOf: path => path },
  cycle: { count: CYCLE, pathOf: (path, i) => `${path}?n=${i % CYCLE}` },
  zipf: { count: PAGES, pathOf: (path, i) => `${path}?page=${i}` },
}

const paths: Readonly<Record<Variety, (order: Order) => (i: number) => string>> = {
  same: knownPath,
  cycle: knownPath,
  unique:
    ({ path, round }) =>
    i =>
      `${path}?n=${round}-${i}`,
  zipf({ variety, path, round }) {
    const page = zipf(PAGES, 1, randomFrom(round))
    return i => (i % 10 === 9 ? `${path}?n=${round}-${i}` : known[variety].pathOf(path, page()))
  },
}

process.on('message', async (order: Order) => {
  try {
    process.send!(await carryOut(order))
  } catch (error) {
    process.send!({ fault: (error as Error).message })
  }
})
process.send!('ready')

function knownPath({ variety, path }: Order): (i: number) => string {
  return i => known[variety].pathOf(path, i)
}

async function carryOut(order: Order) {
  const { port, connections, variety, fields, isFilling } = order
  const pathOf = isFilling ? knownPath(order) : paths[variety](order)
  const most = isFilling ? known[variety].count : order.requests
  const took: number[] = []
  let asked = 0
  const began = performance.now()
  const until = isFilling ? Number.POSITIVE_INFINITY : began + order.seconds * 1000
  const next = () => {
    if (asked >= most || performance.now() >= until) return undefined
    return Buffer.from(`GET ${pathOf(asked++)} HTTP/1.1\r\n${fields}\r\n`, 'latin1')
  }
  await Promise.all(Array.from({ length: connections }, () => drive(port, next, took)))
  const seconds = (performance.now() - began) / 1000
  took.sort((a, b) => a - b)
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? 0
  return { requests: took.length, perSecond: took.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** Resolves when there is nothing more to ask. Each answer says its length, or has none. */
async function drive(port: number, next: () => Buffer | undefined, took: number[]): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  await new Promise<void>((resolve, reject) => {
    let come: Buffer | undefined
    let sentAt = 0
    const fail = (message: string) => {
      reject(new Error(message))
      socket.destroy()
    }
    const ask = () => {
      come = undefined
      const request = next()
      sentAt = performance.now()
      if (request !== undefined) socket.write(request)
      else {
        socket.destroy()
        resolve()
      }
    }
    socket.setTimeout(ANSWER_MS, () => fail(`no answer within ${ANSWER_MS / 1000} s`))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server ended the connection')))
    socket.on('data', bytes => {
      come = come === undefined ? bytes : Buffer.concat([come, bytes])
      const end = come.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = come.toString('latin1', 0, end)
      const status = Number(head.slice(9, 12))
      const length = status === 304 ? 0 : bodyLength(head, come, end + 4)
      if (!(status >= 200 && status < 400)) fail(`status ${status}`)
      else if (length === undefined) fail(`no length: ${head}`)
      else if (come.length >= end + 4 + length) {
        took.push(performance.now() - sentAt)
        ask()
      }
    })
    ask()
  })
}

const ANSWER_MS = 10_000

/** The bytes that follow the head; for chunks, more than there are until the last has come. */
function bodyLength(head: string, bytes: Buffer, from: number): number | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)
  if (length !== null) return Number(length[1])
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return undefined
  return bytes.subarray(Math.max(from, bytes.length - 5)).equals(lastChunk) || bytes.subarray(from).equals(lastChunk)
    ? bytes.length - from
    : Number.POSITIVE_INFINITY
}

const lastChunk = Buffer.from('0\r\n\r\n')
