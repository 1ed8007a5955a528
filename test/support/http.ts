// A client on a bare socket: it shows the bytes of an answer as they came, in their order, their case and their pieces.

import { connect, type Socket } from 'node:net'

export interface AskOptions {
  readonly method?: string
  /** Field lines in their order; `Host` comes first unless given. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
  /** How long to wait for the end, in milliseconds. */
  readonly waitMs?: number
}

export interface Answer {
  readonly status: number
  readonly message: string
  /** Field lines in their order and case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly trailers: readonly (readonly [name: string, value: string])[]
  /** Heads of the answers with a status of 1xx that came before. */
  readonly interim: readonly string[]
  /** The content, without its framing. */
  readonly body: Buffer
  readonly text: string
  /** Everything from the status line to the last byte. */
  readonly wire: string
  /** Whether the answer came to its end; false when the connection ended before. */
  readonly complete: boolean
  /** The lines of one name joined, `undefined` when there is none. */
  header(name: string): string | undefined
}

/** An answer while it comes in. */
export interface Call {
  /** Resolves when the head is there. */
  readonly head: Promise<Answer>
  /** Resolves with the end of the answer or of the connection. */
  readonly done: Promise<Answer>
  /** Resolves when the content holds this text. */
  has(text: string): Promise<void>
  /** Read no more, and let the server wait. */
  pause(): void
  /** Go away without waiting for the rest. */
  leave(): void
}

/** One request on a connection of its own. */
export function ask(port: number, target: string, options: AskOptions = {}): Promise<Answer> {
  return open(port, target, options).done
}

export function open(port: number, target: string, options: AskOptions = {}): Call {
  const { waitMs = 5000 } = options
  const socket = connect(port, '127.0.0.1')
  const reader = createReader(options.method ?? 'GET')
  const waiting = new Set<{ ready: () => boolean; settle: () => void; fail: (error: Error) => void }>()
  const until = (ready: () => boolean) =>
    new Promise<void>((settle, fail) => {
      waiting.add({ ready, settle, fail })
      check()
    })
  const timer = setTimeout(() => end(new Error(`no end within ${waitMs} ms: ${reader.answer().wire}`)), waitMs)
  let isOver = false
  socket.on('error', () => {})
  socket.on('data', bytes => {
    reader.read(bytes)
    check()
  })
  socket.on('close', () => {
    reader.close()
    isOver = true
    check()
    end(new Error(`the connection ended: ${reader.answer().wire}`))
  })
  write(socket, target, options)
  const head = until(() => reader.hasHead).then(() => reader.answer())
  const done = until(() => reader.complete || isOver).then(() => {
    end(new Error('the answer has ended'))
    return reader.answer()
  })
  // Whoever waits for one of them need not wait for the other.
  head.catch(() => {})
  done.catch(() => {})
  return {
    head,
    done,
    has: text => until(() => reader.answer().text.includes(text)),
    pause: () => void socket.pause(),
    leave: () => void socket.destroy(),
  }

  function check(): void {
    for (const wait of waiting) {
      if (!wait.ready()) continue
      waiting.delete(wait)
      wait.settle()
    }
  }

  function end(error: Error): void {
    clearTimeout(timer)
    socket.destroy()
    for (const wait of waiting) wait.fail(error)
    waiting.clear()
  }
}

function write(socket: Socket, target: string, { method = 'GET', headers = {}, body }: AskOptions): void {
  const names = new Set(Object.keys(headers).map(name => name.toLowerCase()))
  let head = `${method} ${target} HTTP/1.1\r\n`
  if (!names.has('host')) head += 'Host: larder.example\r\n'
  for (const [name, value] of Object.entries(headers)) {
    for (const line of typeof value === 'string' ? [value] : value) head += `${name}: ${line}\r\n`
  }
  if (body !== undefined && !names.has('content-length') && !names.has('transfer-encoding'))
    head += `Content-Length: ${Buffer.byteLength(body)}\r\n`
  socket.write(Buffer.from(`${head}\r\n`, 'latin1'))
  if (body !== undefined) socket.write(body)
}

type Lines = [name: string, value: string][]

/** Reads one answer, as far as it has come. */
function createReader(method: string) {
  const wire: Buffer[] = []
  const body: Buffer[] = []
  const interim: string[] = []
  let rest: Buffer = Buffer.alloc(0)
  let state: 'head' | 'length' | 'close' | 'chunk' | 'trailers' | 'end' = 'head'
  let left = 0
  let start = { status: 0, message: '', headers: [] as Lines }
  let trailers: Lines = []

  return {
    get hasHead() {
      return state !== 'head'
    },
    get complete() {
      return state === 'end'
    },
    read(bytes: Buffer): void {
      wire.push(bytes)
      rest = Buffer.concat([rest, bytes])
      while (step()) {}
    },
    close(): void {
      if (state === 'close') state = 'end'
    },
    answer(): Answer {
      const content = Buffer.concat(body)
      return {
        ...start,
        trailers,
        interim,
        body: content,
        text: content.toString(),
        wire: Buffer.concat(wire).toString('latin1'),
        complete: state === 'end',
        header: name => joined(start.headers, name),
      }
    },
  }

  /** Takes one step, and says whether there may be another. */
  function step(): boolean {
    switch (state) {
      case 'head':
        return readHead()
      case 'length':
      case 'close': {
        const part = state === 'close' ? rest : rest.subarray(0, left)
        left -= part.length
        body.push(part)
        rest = rest.subarray(part.length)
        if (state === 'length' && left === 0) state = 'end'
        return false
      }
      case 'chunk': {
        const line = until('\r\n')
        if (line === undefined) return false
        const size = Number.parseInt(line, 16)
        const from = line.length + 2
        if (size === 0) {
          rest = rest.subarray(from)
          state = 'trailers'
          return true
        }
        if (rest.length < from + size + 2) return false
        body.push(rest.subarray(from, from + size))
        rest = rest.subarray(from + size + 2)
        return true
      }
      case 'trailers': {
        const end = rest.toString('latin1').startsWith('\r\n') ? '' : until('\r\n\r\n')
        if (end === undefined) return false
        trailers = fieldLines(end === '' ? [] : end.split('\r\n'))
        state = 'end'
        return false
      }
      default:
        return false
    }
  }

  function readHead(): boolean {
    const head = until('\r\n\r\n')
    if (head === undefined) return false
    rest = rest.subarray(head.length + 4)
    const [first, ...lines] = head.split('\r\n')
    const [, status, message] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(first!)!
    if (status!.startsWith('1')) {
      interim.push(head)
      return true
    }
    start = { status: Number(status), message: message!, headers: fieldLines(lines) }
    const length = joined(start.headers, 'content-length')
    const hasNone = method === 'HEAD' || start.status === 204 || start.status === 304 || length === '0'
    if (hasNone) state = 'end'
    else if (joined(start.headers, 'transfer-encoding') === 'chunked') state = 'chunk'
    else if (length === undefined) state = 'close'
    else {
      state = 'length'
      left = Number(length)
    }
    return !hasNone
  }

  function until(mark: string): string | undefined {
    const at = rest.indexOf(mark)
    return at < 0 ? undefined : rest.toString('latin1', 0, at)
  }
}

function fieldLines(lines: readonly string[]): Lines {
  return lines.map(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
}

function joined(headers: Lines, name: string): string | undefined {
  const values = headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return values.length === 0 ? undefined : values.join(', ')
}
