// A client of its own process for benchmarks: keeps a server busy over several connections, each with one request at a time.

import { once } from 'node:events'
import { connect } from 'node:net'

process.on('message', async ({ port, connections, requests, path, fields, variety, round }) => {
  const pathOf = paths[variety](path, round)
  let asked = 0
  const took = []
  const began = performance.now()
  const next = () => {
    if (asked >= requests) return undefined
    return Buffer.from(`GET ${pathOf(asked++)} HTTP/1.1\r\n${fields}\r\n`, 'latin1')
  }
  try {
    await Promise.all(Array.from({ length: connections }, () => drive(port, next, took)))
    const seconds = (performance.now() - began) / 1000
    took.sort((a, b) => a - b)
    const at = share => took[Math.min(took.length - 1, Math.floor(share * took.length))]
    process.send({ requests, perSecond: requests / seconds, p50Ms: at(0.5), p99Ms: at(0.99) })
  } catch (error) {
    process.send({ fault: error.message })
  }
})
process.send('ready')

const paths = {
  same: path => () => path,
  unique: (path, round) => i => `${path}?n=${round}-${i}`,
  cycle: path => i => `${path}?n=${i % 4096}`,
  // 10,000 pages, of which the most popular of one round are those of all; one of ten requests is for a page that nobody asked for before.
  zipf(path, round) {
    const sums = new Float64Array(10_000)
    let sum = 0
    for (let rank = 0; rank < sums.length; rank++) {
      sum += 1 / (rank + 1)
      sums[rank] = sum
    }
    let state = round + 1
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
    return i => {
      if (i % 10 === 9) return `${path}?n=${round}-${i}`
      const aim = random() * sum
      let [low, high] = [0, sums.length - 1]
      while (low < high) {
        const middle = (low + high) >>> 1
        if (sums[middle] < aim) low = middle + 1
        else high = middle
      }
      return `${path}?page=${low}`
    }
  },
}

/** Resolves when there is nothing more to ask. Each answer says its length, or has none. */
async function drive(port, next, took) {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  await new Promise((resolve, reject) => {
    let come
    let sentAt
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
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server ended the connection')))
    socket.on('data', bytes => {
      come = come === undefined ? bytes : Buffer.concat([come, bytes])
      const end = come.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = come.latin1Slice(0, end)
      const status = Number(head.slice(9, 12))
      const length = status === 304 ? 0 : bodyLength(head, come, end + 4)
      if (!(status >= 200 && status < 400)) reject(new Error(`status ${status}`))
      else if (length === undefined) reject(new Error(`no length: ${head}`))
      else if (come.length >= end + 4 + length) {
        took.push(performance.now() - sentAt)
        ask()
      }
    })
    ask()
  })
}

/** The bytes that follow the head; for chunks, more than there are until the last has come. */
function bodyLength(head, bytes, from) {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)
  if (length !== null) return Number(length[1])
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return undefined
  return bytes.subarray(Math.max(from, bytes.length - 5)).equals(lastChunk) || bytes.subarray(from).equals(lastChunk)
    ? bytes.length - from
    : Number.POSITIVE_INFINITY
}

const lastChunk = Buffer.from('0\r\n\r\n')
