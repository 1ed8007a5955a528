// Asks an application for its health once and for its page twice, and says what came.

const { once } = require('node:events')

module.exports = async server => {
  if (!server.listening) await once(server, 'listening')
  const answers = []
  for (const path of ['/health', '/events', '/events']) {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
      headers: { connection: 'close' },
    })
    answers.push({
      status: response.status,
      cacheStatus: response.headers.get('cache-status'),
      body: await response.text(),
    })
  }
  server.close()
  return answers
}
