// A TCP proxy that breaks things: delay, silence, resets, cuts, flipped bits and a slow drip, each way by itself and changed at run time.

import { once } from 'node:events'
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net'

/** What happens to the bytes of one direction. All of it together, when several are given. */
export interface Faults {
  /** Milliseconds that each chunk is on its way; the order is kept. */
  readonly delayMs?: number
  /** Up to so many milliseconds more, by chance. */
  readonly jitterMs?: number
  /** The part of the chunks that are delayed at all. @default 1 */
  readonly delayChance?: number
  /** Nothing passes and nobody is told, as between two halves of a network: what was sent arrives once it is healed. */
  readonly hold?: boolean
  /** Bytes are taken and lost, as by a peer that is gone: healing resets the connections that lost some. */
  readonly swallow?: boolean
  /** The connection ends after so many more bytes, which are counted for each by itself. */
  readonly cutAfterBytes?: number
  /** The part of the bytes of which one bit is flipped. */
  readonly flipChance?: number
  /** At most so many bytes a second, in small pieces. */
  readonly bytesPerSecond?: number
}

export type Way = 'toServer' | 'toClient'

export interface TcpProxy {
  readonly host: string
  readonly port: number
  /** Open connections. */
  readonly connections: number
  /** Connections that were ever made. */
  readonly accepted: number
  /** Bytes that went through. */
  readonly bytes: Readonly<Record<Way, number>>
  /** From now on, for open connections and new ones, these faults and no others. */
  set(way: Way | 'both', faults: Faults): void
  /** Ends all open connections with RST. */
  reset(): void
  /** Refuses new connections, and resets the open ones. */
  refuse(): Promise<void>
  /** No more faults, and connections are taken again. */
  heal(): Promise<void>
  close(): Promise<void>
}

export interface TcpProxyOptions {
  /** Where to; read for each connection, so it may change. */
  readonly target: number | (() => number)
  /** Where to listen. On Linux every address of 127.0.0.0/8 is this machine's. @default '127.0.0.1' */
  readonly host?: string
  /** @default a free one */
  readonly port?: number
  /** From 0 to 1, for whoever wants the same faults again. @default Math.random */
  readonly random?: () => number
}

/** Listens on a free port in front of `target`. It does not keep the process alive. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const { target, host = '127.0.0.1', random = Math.random } = options
  const faults: Record<Way, Faults> = { toServer: {}, toClient: {} }
  const bytes: Record<Way, number> = { toServer: 0, toClient: 0 }
  const links = new Set<Link>()
  // Until they are closed: one that has been ended may still have something to say to a peer that does not listen.
  const sockets = new Set<Socket>()
  let accepted = 0
  let server: Server
  let port = options.port ?? 0

  async function listen(): Promise<void> {
    server = createServer({ allowHalfOpen: true }, client => {
      accepted++
      const upstreamPort = typeof target === 'number' ? target : target()
      const upstream = openSocket({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true })
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      }
      const link = createLink(client, upstream, { faults, bytes, random, ended: () => links.delete(link) })
      links.add(link)
    })
    server.unref()
    server.listen(port, host)
    await once(server, 'listening')
    port = (server.address() as { port: number }).port
  }

  async function refuse(): Promise<void> {
    for (const link of links) link.reset()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }

  await listen()
  return {
    host,
    port,
    get connections() {
      return links.size
    },
    get accepted() {
      return accepted
    },
    bytes,
    set(way, wanted) {
      for (const each of way === 'both' ? (['toServer', 'toClient'] as const) : [way]) faults[each] = wanted
      for (const link of links) link.changed()
    },
    reset() {
      for (const link of links) link.reset()
    },
    refuse,
    async heal() {
      for (const link of links) if (link.hasHole) link.reset()
      for (const way of ['toServer', 'toClient'] as const) faults[way] = {}
      for (const link of links) link.changed()
      if (!server.listening) await listen()
    },
    async close() {
      await refuse()
      // What a socket still has to write keeps the process, referenced or not.
      for (const socket of sockets) socket.destroy()
    },
  }
}

interface Link {
  readonly hasHole: boolean
  changed(): void
  reset(): void
}

interface Terms {
  readonly faults: Readonly<Record<Way, Faults>>
  readonly bytes: Record<Way, number>
  readonly random: () => number
  ended(): void
}

function createLink(client: Socket, server: Socket, terms: Terms): Link {
  let isOpen = true

  function end(isReset: boolean): void {
    if (!isOpen) return
    isOpen = false
    for (const pump of pumps) pump.stop()
    for (const socket of [client, server]) {
      if (!isReset) socket.destroySoon()
      // One that has sent its FIN already, and waits for the peer to take it, refuses to be reset.
      else if (socket.writableEnded) socket.destroy()
      else socket.resetAndDestroy()
    }
    terms.ended()
  }
  const pumps = [
    createPump(client, server, 'toServer', terms, end),
    createPump(server, client, 'toClient', terms, end),
  ] as const
  for (const socket of [client, server]) {
    socket.setNoDelay(true)
    socket.unref()
  }

  return {
    get hasHole() {
      return pumps.some(pump => pump.hasHole)
    },
    changed() {
      for (const pump of pumps) pump.changed()
    },
    reset: () => end(true),
  }
}

interface Pump {
  /** Whether something was lost in this direction. */
  readonly hasHole: boolean
  /** Look at the faults again. */
  changed(): void
  stop(): void
}

/** Bytes, or how the sender ended. */
type Content = Buffer | 'fin' | 'rst'

/** How often a drip lets something through. */
const DRIP_MS = 20
/** More than this waits with the sender. */
const MOST_WAITING_BYTES = 1024 * 1024

/** One direction of a connection: one chunk after the other, so that delays never change the order. */
function createPump(from: Socket, to: Socket, way: Way, terms: Terms, end: (isReset: boolean) => void): Pump {
  const waiting: { readonly content: Content; readonly dueAt: number }[] = []
  let waitingBytes = 0
  let isBusy = false
  let isStopped = false
  let hasHole = false
  let passed = 0
  let cut: { readonly faults: Faults; readonly at: number } | undefined
  let timer: NodeJS.Timeout | undefined

  const current = (): Faults => terms.faults[way]

  function later(ms: number, action: () => void): void {
    isBusy = true
    timer = setTimeout(() => {
      isBusy = false
      action()
    }, ms)
    timer.unref()
  }

  function take(content: Content): void {
    const { delayMs = 0, jitterMs = 0, delayChance = 1 } = current()
    const isLate = delayMs + jitterMs > 0 && terms.random() < delayChance
    const dueAt = performance.now() + (isLate ? delayMs + terms.random() * jitterMs : 0)
    waiting.push({ content, dueAt: Math.max(dueAt, waiting.at(-1)?.dueAt ?? 0) })
    if (typeof content === 'object') waitingBytes += content.length
    // Whoever sends feels that nobody reads.
    if (waitingBytes > MOST_WAITING_BYTES) from.pause()
    next()
  }

  function next(): void {
    while (!isBusy && !isStopped && waiting.length > 0) {
      const faults = current()
      if (faults.hold === true) return
      const { content, dueAt } = waiting[0]!
      const waitMs = dueAt - performance.now()
      if (faults.swallow === true) {
        hasHole = true
        drop()
      } else if (waitMs > 0) later(waitMs, next)
      else if (content === 'rst') end(true)
      else if (content === 'fin') {
        drop()
        to.end()
      } else pass(content, dueAt, faults)
    }
    if (waitingBytes <= MOST_WAITING_BYTES / 2 && !isStopped) from.resume()
  }

  function drop(): void {
    const content = waiting.shift()?.content
    if (typeof content === 'object') waitingBytes -= content.length
  }

  function pass(chunk: Buffer, dueAt: number, faults: Faults): void {
    const { bytesPerSecond, cutAfterBytes, flipChance = 0 } = faults
    let length = chunk.length
    if (bytesPerSecond !== undefined) length = Math.min(length, Math.max(1, (bytesPerSecond * DRIP_MS) / 1000))
    if (cutAfterBytes !== undefined) {
      if (cut?.faults !== faults) cut = { faults, at: passed + cutAfterBytes }
      length = Math.min(length, cut.at - passed)
    }
    const part = chunk.subarray(0, length)
    drop()
    if (part.length < chunk.length) {
      const content = chunk.subarray(part.length)
      waiting.unshift({ content, dueAt })
      waitingBytes += content.length
    }
    passed += part.length
    terms.bytes[way] += part.length
    const isRoomy = to.write(flip(part, flipChance, terms.random))
    if (cut?.faults === faults && passed >= cut.at) end(false)
    else if (bytesPerSecond !== undefined) later((part.length * 1000) / bytesPerSecond, next)
    else if (!isRoomy) {
      isBusy = true
      to.once('drain', () => {
        isBusy = false
        next()
      })
    }
  }

  from.on('data', take)
  from.on('end', () => take('fin'))
  from.on('error', () => take('rst'))
  from.on('close', () => {
    if (to.destroyed) end(false)
  })

  return {
    get hasHole() {
      return hasHole
    },
    changed: next,
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

function flip(chunk: Buffer, chance: number, random: () => number): Buffer {
  if (chance === 0) return chunk
  const flipped = Buffer.from(chunk)
  for (let i = 0; i < flipped.length; i++) if (random() < chance) flipped[i]! ^= 1 << Math.floor(random() * 8)
  return flipped
}
