// The Redis protocol, RESP2, as far as one command and its reply need it.

import { connect } from 'node:net'

export type Reply = string | number | null | readonly Reply[] | Error

/** Sends one command on a connection of its own. Rejects with the server's error, or when no reply comes in time. */
export function sendCommand(
  port: number,
  args: readonly (string | number | Buffer)[],
  timeoutMs: number,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    const settle = (outcome: Reply): void => {
      socket.destroy()
      if (outcome instanceof Error) reject(outcome)
      else resolve(outcome)
    }
    socket.setTimeout(timeoutMs, () => settle(new Error(`Redis on port ${port} gave no reply within ${timeoutMs} ms`)))
    socket.on('error', settle)
    socket.on('close', () => settle(new Error(`Redis on port ${port} closed the connection`)))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      const parsed = parseReply(received, 0)
      if (parsed !== undefined) settle(parsed.reply)
    })
    socket.write(Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...args.flatMap(bulk)]))
  })
}

function bulk(value: string | number | Buffer): Buffer[] {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value))
  return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
}

/** The reply that begins at `start` and where it ends, or `undefined` when it is not complete yet. */
function parseReply(bytes: Buffer, start: number): { reply: Reply; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const next = lineEnd + 2
  const length = Number(line)
  switch (String.fromCharCode(bytes[start]!)) {
    case '+':
      return { reply: line, end: next }
    case '-':
      return { reply: new Error(line), end: next }
    case ':':
      return { reply: length, end: next }
    case '$':
      if (length < 0) return { reply: null, end: next }
      if (bytes.length < next + length + 2) return undefined
      return { reply: bytes.toString('utf8', next, next + length), end: next + length + 2 }
    case '*':
      return length < 0 ? { reply: null, end: next } : parseArray(bytes, next, length)
    default:
      return { reply: new Error(`Not a RESP2 reply: ${line}`), end: next }
  }
}

function parseArray(bytes: Buffer, start: number, length: number): { reply: Reply; end: number } | undefined {
  const items: Reply[] = []
  let end = start
  while (items.length < length) {
    const item = parseReply(bytes, end)
    if (item === undefined) return undefined
    items.push(item.reply)
    end = item.end
  }
  return { reply: items, end }
}
