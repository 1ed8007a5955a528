// One run of the suite: its origin and its client, in a process of their own because both keep their state in modules.

import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { setBaseUrl, setFetch } from 'http-cache-tests/client/config.mjs'
import { makeCacheTest, testResults } from 'http-cache-tests/client/test.mjs'
import handleConfig from 'http-cache-tests/server/handle-config.mjs'
import handleState from 'http-cache-tests/server/handle-state.mjs'
import handleTest from 'http-cache-tests/server/handle-test.mjs'
import suites from 'http-cache-tests/tests/index.mjs'
import fetch from 'node-fetch'

/**
 * Half the tests pause for three seconds, so they overlap; but some count on an answer within a second, so they do not begin all
 * at once.
 */
const apartMs = 25

const handlers = { config: handleConfig, state: handleState, test: handleTest }

const origin = createServer((request, response) => {
  const [, area, ...rest] = new URL(request.url, 'http://origin').pathname.split('/')
  const handle = handlers[area]
  if (handle === undefined) response.writeHead(404).end()
  else handle(rest, request, response)
})
origin.listen(0, '127.0.0.1', () => process.send({ origin: origin.address().port }))

process.on('disconnect', () => process.exit())
process.once('message', async ({ base, ids }) => {
  setFetch(fetch)
  setBaseUrl(base)
  const tests = suites.flatMap(suite => suite.tests).filter(test => test.browser_only !== true)
  const asked = ids === undefined ? tests : tests.filter(test => ids.includes(test.id))
  const running = []
  for (const test of asked) {
    running.push(makeCacheTest(test))
    await sleep(apartMs)
  }
  await Promise.all(running)
  process.send({
    results: asked.map(({ id, name, kind = 'required' }) => ({
      id,
      name,
      kind,
      ...(testResults[id] !== true && { fault: testResults[id].join(': ') }),
    })),
  })
})
