// The vendor's OTLP exporters as they are used here: what is sent again and when, what is final at the end, and what is broken off.

import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { DiagLogLevel, diag, trace } from '@opentelemetry/api'
import { expect } from 'chai'
import { otlp } from '../src/export/otlp.ts'
import { traced } from './support.ts'

type Answer = (res: ServerResponse, attempt: number) => void

describe('OTLP', function () {
  this.timeout(20_000)
  let close: (() => void) | undefined
  afterEach(() => close?.())

  /** A collector for spans alone. */
  async function bed(answer: Answer) {
    const requests: IncomingMessage[] = []
    const server = createServer((req, res) => {
      req.resume().once('end', () => answer(res, requests.push(req)))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    close = () => {
      server.close()
      server.closeAllConnections()
    }
    const { port } = server.address() as AddressInfo
    return {
      port,
      requests,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_METRICS_EXPORTER: 'none' },
    }
  }
  const span = () => trace.getTracer('test').startSpan('work').end()

  for (const protocol of ['http/protobuf', 'http/json']) {
    for (const status of [429, 502, 503, 504]) {
      it(`${protocol}: ${status} is tried again, when Retry-After says`, async () => {
        const { env, requests } = await bed((res, attempt) => {
          if (attempt < 3) res.writeHead(status, { 'Retry-After': '0' }).end()
          else res.end(protocol === 'http/json' ? '{}' : '')
        })
        await traced({ env: { ...env, OTEL_EXPORTER_OTLP_PROTOCOL: protocol } }, async tracing => {
          span()
          expect(await tracing.flush()).to.equal(true)
        })
        expect(requests).to.have.length(3)
      })
    }
  }

  it('a connection that broke is tried again', async () => {
    const { env, requests } = await bed((res, attempt) => (attempt === 1 ? res.destroy() : res.end()))
    await traced({ env }, async tracing => {
      span()
      expect(await tracing.flush()).to.equal(true)
    })
    expect(requests).to.have.length(2)
  })

  for (const status of [400, 401, 404, 500]) {
    it(`${status} is final`, async () => {
      const { env, requests } = await bed(res => res.writeHead(status).end())
      await traced({ env }, async tracing => {
        span()
        expect(await tracing.flush()).to.equal(false)
      })
      expect(requests).to.have.length(1)
    })
  }

  const refusals: Readonly<Record<string, Answer>> = {
    'a refusal': res => res.writeHead(503).end(),
    'a refusal that says “at once”': res => res.writeHead(429, { 'Retry-After': '0' }).end(),
    'a broken connection': res => res.destroy(),
  }
  for (const [title, answer] of Object.entries(refusals)) {
    it(`at the end ${title} is final`, async () => {
      const { env, requests } = await bed(answer)
      await traced({ env }, async tracing => {
        span()
        const began = performance.now()
        expect(await tracing.shutdown()).to.equal(false)
        expect(performance.now() - began).to.be.lessThan(750)
      })
      expect(requests).to.have.length(1)
    })
  }

  it('OTEL_EXPORTER_OTLP_TIMEOUT: a collector that says nothing is waited for so long', async () => {
    const { env } = await bed(() => {})
    await traced({ env: { ...env, OTEL_EXPORTER_OTLP_TIMEOUT: '60' } }, async tracing => {
      span()
      const began = performance.now()
      expect(await tracing.flush()).to.equal(false)
      expect(performance.now() - began).to.be.within(50, 3000)
    })
  })

  it('what is on its way after the deadline is broken off', async () => {
    const { env, requests } = await bed(() => {})
    await traced({ env, deadline: '100ms' }, async tracing => {
      span()
      void tracing.flush()
      while (requests.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
      const closed = once(requests[0]!.socket, 'close')
      expect(await tracing.shutdown()).to.equal(false)
      await closed
    })
  })

  it('the application’s own requests stay as they are, at the end too', async () => {
    let ask: (() => void) | undefined
    const { port, env } = await bed((res, attempt) => {
      if (attempt === 1) ask!()
      else res.writeHead(503, { 'Retry-After': '7' }).end()
    })
    await traced({ env, deadline: '200ms' }, async tracing => {
      const asked = new Promise<void>(resolve => {
        ask = resolve
      })
      span()
      const ended = tracing.shutdown()
      await asked
      const [answer] = (await once(get({ port, host: '127.0.0.1' }), 'response')) as [IncomingMessage]
      expect(answer.resume().headers['retry-after']).to.equal('7')
      const [error] = (await once(get('http://127.0.0.1:1'), 'error')) as [NodeJS.ErrnoException]
      expect(error.code).to.equal('ECONNREFUSED')
      await ended
    })
  })

  it('headers are in nothing that OpenTelemetry says of itself', async () => {
    const said: unknown[] = []
    const say = (...words: unknown[]) => void said.push(words)
    diag.setLogger({ error: say, warn: say, info: say, debug: say, verbose: say }, { logLevel: DiagLogLevel.ALL })
    try {
      for (const answer of [...Object.values(refusals), (res: ServerResponse) => void res.writeHead(401).end()]) {
        const { env, requests } = await bed(answer)
        const exporters = [otlp({ url: env.OTEL_EXPORTER_OTLP_ENDPOINT, headers: { 'x-key': 'canary-option' } })]
        const secret = { ...env, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=canary-variable' }
        await traced({ env: secret, exporters }, span)
        expect(requests[0]!.headers).to.include({ 'x-key': 'canary-option', authorization: 'canary-variable' })
        close?.()
      }
    } finally {
      diag.disable()
    }
    expect(said).not.to.have.length(0)
    // The console goes less deep.
    expect(inspect(said, { depth: 6, maxArrayLength: null, maxStringLength: null })).not.to.include('canary')
  })

  it('many exports at once are one listener on each signal', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    const { env, requests } = await bed(res => res.end())
    await traced({ env: { ...env, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' } }, async tracing => {
      for (let i = 0; i < 20; i++) span()
      expect(await tracing.flush()).to.equal(true)
    })
    await new Promise(resolve => setImmediate(resolve))
    process.off('warning', note)
    expect(requests).to.have.length(20)
    expect(warnings.map(({ message }) => message)).to.deep.equal([])
  })
})
