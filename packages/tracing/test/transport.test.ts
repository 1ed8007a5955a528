// OTLP's transport: what is sent again and when, and every end that a wait has.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http'
import { expect } from 'chai'
import { createTransport } from '../src/export/transport.ts'

const data = new TextEncoder().encode('data')

describe('the transport of OTLP', () => {
  let close: (() => void) | undefined
  afterEach(() => close?.())

  async function bed(answer: (res: ServerResponse, attempt: number, req: IncomingMessage) => void) {
    let attempts = 0
    const server = createServer((req, res) => void answer(res, ++attempts, req))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    close = () => {
      server.close()
      server.closeAllConnections()
    }
    const [closing, ended] = [new AbortController(), new AbortController()]
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
    const configuration = convertLegacyHttpOptions({ url }, 'TRACES', 'v1/traces', { 'Content-Type': 'text/plain' })
    const transport = createTransport(configuration, { closing: closing.signal, ended: ended.signal })
    return { transport, closing, ended, attempts: () => attempts }
  }

  it('what was taken is taken', async () => {
    const { transport } = await bed((res, _attempt, req) => {
      expect(req.method).to.equal('POST')
      res.end('ok')
    })
    const response = await transport.send(data, 1000)
    expect(response.status).to.equal('success')
    expect(Buffer.from((response as { data?: Uint8Array }).data!).toString()).to.equal('ok')
  })

  for (const status of [429, 502, 503, 504]) {
    it(`${status} is tried again, when Retry-After says`, async () => {
      const { transport, attempts } = await bed((res, attempt) => {
        if (attempt < 3) res.writeHead(status, { 'Retry-After': new Date(Date.now() + 5).toUTCString() }).end()
        else res.end()
      })
      expect((await transport.send(data, 5000)).status).to.equal('success')
      expect(attempts()).to.equal(3)
    })
  }

  for (const status of [400, 401, 404, 500]) {
    it(`${status} is final`, async () => {
      const { transport, attempts } = await bed(res => res.writeHead(status).end())
      expect((await transport.send(data, 5000)).status).to.equal('failure')
      expect(attempts()).to.equal(1)
    })
  }

  it('one that always says “at once” is asked a few times', async () => {
    const { transport, attempts } = await bed(res => res.writeHead(429, { 'Retry-After': '0' }).end())
    expect((await transport.send(data, 5000)).status).to.equal('failure')
    expect(attempts()).to.equal(6)
  })

  it('a wait that would be longer than the deadline is none', async () => {
    const { transport, attempts } = await bed(res => res.writeHead(503, { 'Retry-After': '30' }).end())
    const began = performance.now()
    expect((await transport.send(data, 1000)).status).to.equal('failure')
    expect(performance.now() - began).to.be.lessThan(900)
    expect(attempts()).to.equal(1)
  })

  it('a collector that says nothing is waited for until the deadline', async () => {
    const { transport } = await bed(() => {})
    const began = performance.now()
    expect((await transport.send(data, 60)).status).to.equal('failure')
    expect(performance.now() - began).to.be.within(50, 1000)
  })

  it('an answer without end is broken off', async () => {
    const { transport } = await bed(res => {
      const more = () => {
        while (!res.destroyed && res.write(Buffer.alloc(32_768)));
      }
      res.on('drain', more)
      more()
    })
    const began = performance.now()
    expect((await transport.send(data, 5000)).status).to.equal('failure')
    expect(performance.now() - began).to.be.lessThan(900)
  })

  it('from `closing` on there is no waiting', async () => {
    const { transport, closing, attempts } = await bed(res => {
      res.writeHead(503, { 'Retry-After': '2' }).end()
      setTimeout(() => closing.abort(), 50)
    })
    const began = performance.now()
    expect((await transport.send(data, 10_000)).status).to.equal('failure')
    expect(performance.now() - began).to.be.lessThan(1500)
    expect(attempts()).to.equal(2)
  })

  it('`ended` breaks off what is on its way', async () => {
    const { transport, closing, ended } = await bed(() => {
      closing.abort()
      ended.abort()
    })
    expect((await transport.send(data, 10_000)).status).to.equal('failure')
    expect((await transport.send(data, 10_000)).status).to.equal('failure')
  })

  it('nothing is sent any more when it ends before the connection was asked for', async () => {
    const { transport, closing, ended, attempts } = await bed(() => {})
    const sent = transport.send(data, 10_000)
    closing.abort()
    ended.abort()
    const began = performance.now()
    expect((await sent).status).to.equal('failure')
    expect(performance.now() - began).to.be.lessThan(5_000)
    expect(attempts()).to.equal(0)
  })

  it('many at once are one listener on each signal', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    const { transport } = await bed(res => res.end())
    await Promise.all(Array.from({ length: 30 }, () => transport.send(data, 5000)))
    await new Promise(resolve => setImmediate(resolve))
    process.off('warning', note)
    expect(warnings.map(({ message }) => message)).to.deep.equal([])
  })
})
