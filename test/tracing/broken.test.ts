// A tracer that throws, wherever it throws, costs no client its answer: in every framework, on a fill and on a hit.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createCache } from '@larder/core'
import { type Span, trace } from '@opentelemetry/api'
import { expect } from 'chai'
import { frameworks } from '../doors/frameworks.ts'
import { ask } from '../support/http.ts'

const broken = () => {
  throw new Error('broken')
}

/** A span of which one method throws. */
function spanWith(breaking: string): Span {
  const works = () => undefined
  return new Proxy({} as Span, {
    get(_target, name) {
      if (name === breaking) return broken
      if (name === 'spanContext') return () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 })
      return name === 'isRecording' ? () => true : works
    },
  })
}

const ways = [
  'getTracer',
  'startSpan',
  'spanContext',
  'isRecording',
  'setAttribute',
  'setStatus',
  'updateName',
  'recordException',
  'end',
]

describe('a tracer that throws', () => {
  afterEach(() => trace.disable())

  for (const framework of frameworks) {
    for (const way of ways) {
      it(`${framework.name}: in ${way}()`, async () => {
        let thrown = 0
        trace.setGlobalTracerProvider({
          getTracer: () => {
            if (way === 'getTracer') broken()
            return {
              startSpan: () => {
                thrown++
                return way === 'startSpan' ? broken() : spanWith(way)
              },
              startActiveSpan: broken,
            }
          },
        })
        const { door } = framework
        const app = framework.app()
        app.use(framework.catching(), door.tracing({ serverTiming: true, traceResponse: true }))
        app.use(door.responseCache({ ttl: '1m', cache: createCache() as never }))
        app.get(
          '/a',
          framework.handler(() => ({ body: 'a' })),
        )
        app.get(
          '/broken',
          framework.handler(() => Promise.reject(new Error('the handler’s own'))),
        )
        if (framework.family === 'express') app.use(framework.catching())
        const server = app.listen()
        if (!server.listening) await once(server, 'listening')
        const { port } = server.address() as AddressInfo
        try {
          for (const said of [/fwd=uri-miss; stored/, /larder; hit/]) {
            const answer = await ask(port, '/a')
            expect([answer.status, answer.text]).to.deep.equal([200, 'a'])
            expect(answer.header('cache-status')).to.match(said)
          }
          const answer = await ask(port, '/broken')
          expect([answer.status, answer.text]).to.deep.equal([500, 'the handler’s own'])
          if (way !== 'getTracer') expect(thrown).to.be.greaterThan(0)
        } finally {
          server.close()
          server.closeAllConnections()
        }
      })
    }
  }
})
