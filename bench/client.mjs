// A client of its own process for benchmarks: sends so many requests, one after the other on one connection, and says when it is done.

import { once } from 'node:events'
import { connect } from 'node:net'

process.on('message', async ({ port, requests, target, counts, fields }) => {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  for (let i = 0; i < requests; i++) {
    socket.write(`GET ${counts ? `${target}?n=${i}` : target} HTTP/1.1\r\n${fields}\r\n`)
    await answer(socket)
  }
  socket.destroy()
  process.send('done')
})
process.send('ready')

/** Resolves with the end of an answer that says its length. */
function answer(socket) {
  return new Promise((resolve, reject) => {
    let text = ''
    const read = bytes => {
      text += bytes.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))
      if (length === null) reject(new Error(`no length: ${text.slice(0, end)}`))
      else if (text.length >= end + 4 + Number(length[1])) {
        socket.off('data', read)
        resolve()
      }
    }
    socket.on('data', read)
  })
}
