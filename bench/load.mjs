// A client of its own process for benchmarks: keeps a server busy over several connections, each with one request at a time.

import { once } from 'node:events'
import { connect } from 'node:net'

process.on('message', async ({ port, connections, requests, target, fields }) => {
  const request = Buffer.from(`GET ${target} HTTP/1.1\r\n${fields}\r\n`, 'latin1')
  let left = requests
  const ask = async () => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    await once(socket, 'connect')
    return drive(socket, request, () => left-- > 0)
  }
  await Promise.all(Array.from({ length: connections }, ask))
  process.send('done')
})
process.send('ready')

/** Resolves when there is nothing more to ask. Each answer says its length. */
function drive(socket, request, isAsked) {
  return new Promise((resolve, reject) => {
    let come
    const next = () => {
      come = undefined
      if (isAsked()) socket.write(request)
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
      const length = /\r\ncontent-length: (\d+)/i.exec(come.latin1Slice(0, end))
      if (length === null) reject(new Error(`no length: ${come.latin1Slice(0, end)}`))
      else if (come.length >= end + 4 + Number(length[1])) next()
    })
    next()
  })
}
