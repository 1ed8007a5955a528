// Clients under whose load a service ends: they keep their connections, check every byte, and count what is lost.

import { connect, type Socket } from 'node:net'

export interface Outcome {
  /** Responses that came in full. */
  readonly answered: number
  /** Requests that went out on a connection that the service had accepted, and got no whole response. */
  readonly lost: readonly string[]
  /** Responses that said `Connection: close`. */
  readonly lastWords: number
  /** When the last whole response came. */
  readonly lastAt: number
}

export interface Load {
  /** Resolves when that many responses have come. */
  answered(count: number): Promise<void>
  /** Resolves when every client has been told to go. */
  readonly ended: Promise<Outcome>
}

const ownBodies: Readonly<Record<string, string>> = {
  '/cached': 'cached'.repeat(100),
  '/slow/40': 'slow',
  '/slow/120': 'slow',
  '/stream': 'part 0 part 1 part 2 part 3 part 4 end',
}

/**
 * @param clients how many, each with one request at a time.
 * @param mayConnect whether a client may open another connection; when it is left out, each has one for its whole life.
 * @param bodies the paths to ask for, and what each answers.
 */
export function load(port: number, clients: number, mayConnect?: () => boolean, bodies = ownBodies): Load {
  const lost: string[] = []
  const waiting = new Set<() => void>()
  let answered = 0
  let lastWords = 0
  let lastAt = 0

  async function client(index: number): Promise<void> {
    const paths = Object.keys(bodies)
    let connection: Connection | undefined
    for (let turn = index; ; turn++) {
      const path = paths[turn % paths.length] as string
      if (connection === undefined) {
        try {
          connection = await open(port)
        } catch {
          // It accepts nobody any more.
          return
        }
      }
      const answer = await connection.ask(path)
      if (answer === undefined && !connection.hasAsked) return
      if (answer?.status !== 200 || answer.body !== bodies[path]) {
        lost.push(`${path}: ${JSON.stringify(answer ?? 'nothing')}`)
        return
      }
      answered++
      lastAt = performance.now()
      for (const look of waiting) look()
      if (answer.closes) lastWords++
      if (mayConnect !== undefined || answer.closes) {
        connection.close()
        connection = undefined
        if (mayConnect?.() !== true) return
      }
    }
  }

  const ended = Promise.all(Array.from({ length: clients }, (_, index) => client(index)))
  return {
    answered: count =>
      new Promise(resolve => {
        const look = (): void => {
          if (answered < count) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    ended: ended.then(() => ({ answered, lost, lastWords, lastAt })),
  }
}

interface Connection {
  /** Whether the last request went out before the service closed the connection. */
  readonly hasAsked: boolean
  ask(path: string): Promise<{ readonly status: number; readonly body: string; readonly closes: boolean } | undefined>
  close(): void
}

async function open(port: number): Promise<Connection> {
  const socket = connect(port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.setNoDelay().setEncoding('latin1')
  socket.on('error', () => {})
  let hasAsked = false
  return {
    get hasAsked() {
      return hasAsked
    },
    async ask(path) {
      // A connection whose end is known already is not asked any more; any other that gives no answer has lost one.
      hasAsked = !socket.readableEnded && !socket.destroyed
      if (!hasAsked) return undefined
      const message = await read(socket, `GET ${path} HTTP/1.1\r\nHost: service\r\n\r\n`)
      return message
    },
    close: () => void socket.destroy(),
  }
}

/** Sends the request and reads one response, framed by its length or in chunks; `undefined` when the connection ends before. */
function read(socket: Socket, request: string): ReturnType<Connection['ask']> {
  return new Promise(resolve => {
    let text = ''
    const finish = (answer: Awaited<ReturnType<Connection['ask']>>): void => {
      socket.off('data', take).off('close', gone).off('end', gone)
      resolve(answer)
    }
    const gone = (): void => finish(undefined)
    function take(chunk: string): void {
      text += chunk
      const split = text.indexOf('\r\n\r\n')
      if (split < 0) return
      const head = text.slice(0, split)
      const rest = text.slice(split + 4)
      const length = /^content-length: (\d+)/im.exec(head)?.[1]
      const body = length === undefined ? chunked(rest) : rest.length >= Number(length) ? rest : undefined
      if (body === undefined) return
      finish({ status: Number(head.slice(9, 12)), body, closes: /^connection: close/im.test(head) })
    }
    socket.on('data', take).on('close', gone).on('end', gone)
    socket.write(request)
  })
}

/** The content of chunks that are all there. */
function chunked(text: string): string | undefined {
  let content = ''
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(text.slice(at, line), 16)
    if (text.length < line + 2 + size + 2) return undefined
    if (size === 0) return content
    content += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}
