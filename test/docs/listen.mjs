// Loaded before a snippet: whatever port it names, its servers listen on a free one and tell the test which.

import { Server } from 'node:net'

const { listen } = Server.prototype

Server.prototype.listen = function listenOnFreePort(...args) {
  this.once('listening', () => process.send?.({ port: this.address().port }))
  return Reflect.apply(listen, this, [0, '127.0.0.1', ...args.filter(arg => typeof arg === 'function')])
}

// A snippet ends with its test, and the channel does not keep it from ending by itself.
process.on('disconnect', () => process.exit())
process.channel?.unref()
