// Options and the OTEL_* variables: which wins, what is told, and what cannot be meant.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { trace } from '@opentelemetry/api'
import { expect } from 'chai'
import { type Collector, startCollector } from '../../../test/support/otlp-collector.ts'
import { consoleExporter } from '../src/export/console.ts'
import { jaeger } from '../src/export/jaeger.ts'
import { otlp } from '../src/export/otlp.ts'
import { prometheus } from '../src/export/prometheus.ts'
import { zipkin } from '../src/export/zipkin.ts'
import { readTracingOptions, type StartTracingOptions } from '../src/options.ts'
import { resourceOf } from '../src/resource.ts'
import { startTracing } from '../src/start.ts'
import { traced, value } from './support.ts'

describe('startTracing()', () => {
  let collector: Collector
  before(async () => {
    collector = await startCollector()
  })
  after(() => collector.close())
  beforeEach(() => collector.clear())

  const span = (name = 'work') => trace.getTracer('test').startSpan(name).end()
  const paths = () => collector.deliveries.map(({ path }) => path)

  describe('the service', () => {
    it('has a version and an environment that nobody has to give', async () => {
      const { attributes } = resourceOf({})
      expect(attributes).to.include({ 'service.version': '1.0.0' })
      expect(attributes['deployment.environment.name']).to.equal(process.env['NODE_ENV'] ?? 'development')
      expect(attributes['service.instance.id']).to.match(/^[0-9a-f-]{36}$/)
    })

    const cases: readonly [string, Record<string, string>, StartTracingOptions, Record<string, string>][] = [
      [
        'variables',
        { OTEL_SERVICE_NAME: 'a', OTEL_SERVICE_VERSION: '2' },
        {},
        { 'service.name': 'a', 'service.version': '2' },
      ],
      [
        'OTEL_RESOURCE_ATTRIBUTES',
        { OTEL_RESOURCE_ATTRIBUTES: 'service.name=b,service.version=3,deployment.environment.name=staging,team=x' },
        {},
        { 'service.name': 'b', 'service.version': '3', 'deployment.environment.name': 'staging', team: 'x' },
      ],
      [
        'OTEL_SERVICE_NAME and OTEL_SERVICE_VERSION over OTEL_RESOURCE_ATTRIBUTES',
        {
          OTEL_SERVICE_NAME: 'a',
          OTEL_SERVICE_VERSION: '2',
          OTEL_RESOURCE_ATTRIBUTES: 'service.name=b,service.version=3',
        },
        {},
        { 'service.name': 'a', 'service.version': '2' },
      ],
      [
        'options over all of them',
        {
          OTEL_SERVICE_NAME: 'a',
          OTEL_SERVICE_VERSION: '2',
          OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging,team=x',
        },
        { serviceName: 'c', serviceVersion: '4', environment: 'production', resourceAttributes: { team: 'y' } },
        { 'service.name': 'c', 'service.version': '4', 'deployment.environment.name': 'production', team: 'y' },
      ],
    ]
    for (const [title, env, options, expected] of cases) {
      it(`is told by ${title}`, async () => {
        await traced({ env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, ...options }, () => span())
        expect(collector.spans()[0]!.resource).to.include(expected)
        expect(value(collector, 'otel.sdk.processor.span.queue.capacity')?.resource).to.include(expected)
      })
    }
  })

  describe('where it goes', () => {
    it('OTEL_EXPORTER_OTLP_ENDPOINT, for both signals', async () => {
      await traced({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` } }, () => span())
      expect(paths()).to.have.members(['/v1/traces', '/v1/metrics'])
    })

    it('an endpoint for each signal, as it stands', async () => {
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/t`,
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${collector.url}/m`,
      }
      await traced({ env }, () => span())
      expect(paths()).to.have.members(['/t', '/m'])
    })

    it('http://localhost:4318/v1/traces and /v1/metrics when nothing says otherwise', async function () {
      const usual = await startCollector('answer', 4318).catch(() => undefined)
      // Somebody else has that port on this machine.
      if (usual === undefined) return this.skip()
      try {
        await traced({}, () => span())
        expect(usual.deliveries.map(({ path }) => path)).to.have.members(['/v1/traces', '/v1/metrics'])
      } finally {
        await usual.close()
      }
    })

    it('headers: of both signals, of each, and by option over them', async () => {
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-a=1,x-b=1',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-b=2',
      }
      await traced({ env }, () => span())
      const of = (path: string) => collector.deliveries.find(delivery => delivery.path === path)!.headers
      expect(of('/v1/traces')).to.include({ 'x-a': '1', 'x-b': '2' })
      expect(of('/v1/metrics')).to.include({ 'x-a': '1', 'x-b': '1' })
      collector.clear()
      await traced({ env, exporters: [otlp({ headers: { 'x-a': '3' } })] }, () => span())
      expect(of('/v1/traces')).to.include({ 'x-a': '3', 'x-b': '2' })
    })

    it('gzip', async () => {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }
      await traced({ env }, () => span())
      expect(collector.deliveries[0]!.headers['content-encoding']).to.equal('gzip')
      expect(collector.spans().map(({ name }) => name)).to.deep.equal(['work'])
    })

    for (const [title, env, types] of [
      ['protobuf', {}, ['application/x-protobuf', 'application/x-protobuf']],
      ['JSON', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, ['application/json', 'application/json']],
      [
        'one for each signal',
        { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
        ['application/json', 'application/x-protobuf'],
      ],
      [
        'protobuf for what is not spoken',
        { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
        ['application/x-protobuf', 'application/x-protobuf'],
      ],
    ] as const) {
      it(`protocol: ${title}`, async () => {
        await traced({ env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } }, () => span())
        const type = (path: string) =>
          collector.deliveries.find(delivery => delivery.path === path)!.headers['content-type']
        expect([type('/v1/traces'), type('/v1/metrics')]).to.deep.equal(types)
        expect(collector.spans().map(({ name }) => name)).to.deep.equal(['work'])
      })
    }

    it('several at once, by option and by variable', async () => {
      const other = await startCollector()
      try {
        await traced(
          { exporters: [otlp({ url: collector.url }), otlp({ url: other.url, protocol: 'http/json' })] },
          () => span(),
        )
        for (const each of [collector, other]) {
          expect(each.spans().map(({ name }) => name)).to.deep.equal(['work'])
          expect(value(each, 'otel.sdk.processor.span.queue.capacity')).not.to.equal(undefined)
        }
      } finally {
        await other.close()
      }
    })

    it('Jaeger: spans over OTLP, no metrics', async () => {
      const { port } = new URL(collector.url)
      await traced({ exporters: [jaeger({ host: '127.0.0.1', port: Number(port) })] }, () => span())
      expect(paths()).to.deep.equal(['/v1/traces'])
      expect(collector.spans().map(({ name }) => name)).to.deep.equal(['work'])
    })

    it('Zipkin: its own JSON', async () => {
      await traced({ exporters: [zipkin({ url: `${collector.url}/api/v2/spans` })], serviceName: 'buddies' }, () =>
        span(),
      )
      const { path, body } = collector.deliveries[0]!
      expect(path).to.equal('/api/v2/spans')
      const [sent] = JSON.parse(body.toString()) as [{ name: string; localEndpoint: object }]
      expect(sent).to.deep.include({ name: 'work', localEndpoint: { serviceName: 'buddies' } })
    })

    it('none: nothing is sent', async () => {
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_METRICS_EXPORTER: 'none',
      }
      await traced({ env }, () => span())
      expect(collector.deliveries).to.have.length(0)
    })

    it('what OTEL_TRACES_EXPORTER names and is not known here is left out', async () => {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_EXPORTER: 'otlp,nonsense' }
      await traced({ env }, () => span())
      expect(collector.spans()).to.have.length(1)
    })
  })

  describe('how much', () => {
    it('OTEL_SDK_DISABLED and `disabled` start nothing', async () => {
      for (const options of [{ disabled: true }, { env: { OTEL_SDK_DISABLED: 'true' } }]) {
        await traced(options, async tracing => {
          expect(tracing.enabled).to.equal(false)
          expect(trace.getTracer('test').startSpan('work').isRecording()).to.equal(false)
          expect(await tracing.flush()).to.equal(true)
        })
      }
    })

    it('OTEL_TRACES_SAMPLER, and `sampleRatio` over it', async () => {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: 'always_off' }
      await traced({ env }, () => span())
      expect(collector.spans()).to.have.length(0)
      await traced({ env, sampleRatio: 1 }, () => span())
      expect(collector.spans()).to.have.length(1)
      collector.clear()
      await traced({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, sampleRatio: 0 }, () => span())
      expect(collector.spans()).to.have.length(0)
    })

    it('is one in a process: started again it is the same', async () => {
      await traced({ exporters: [] }, async tracing => {
        expect(startTracing()).to.equal(tracing)
        expect(startTracing({ serviceName: 'other' })).to.equal(tracing)
      })
      await traced({ exporters: [otlp({ url: collector.url })] }, () => span())
      expect(collector.spans(), 'after its end another one starts').to.have.length(1)
    })

    it('leaves another SDK alone', async () => {
      trace.setGlobalTracerProvider({ getTracer: () => trace.wrapSpanContext as never })
      try {
        expect(startTracing({ exporters: [] }).enabled).to.equal(false)
      } finally {
        trace.disable()
      }
    })
  })

  describe('Prometheus', () => {
    it('a handler for Node’s server, which is what Express gives too', async () => {
      const prom = prometheus()
      await traced({ exporters: [prom] }, async tracing => {
        expect(tracing.metrics).to.equal(prom.handler)
        const { status, type, text } = await scrape(tracing.metrics)
        expect([status, type]).to.deep.equal([200, 'text/plain; version=0.0.4; charset=utf-8'])
        expect(text).to.match(/^otel_sdk_processor_span_queue_capacity\{|^target_info\{/m)
      })
      expect((await scrape(prom.handler)).status, 'after its end').to.equal(503)
      expect((await scrape(prometheus().handler)).status, 'before its start').to.equal(503)
    })

    it('a port of its own, by option and by variable', async () => {
      for (const [index, how] of [
        (port: number) => ({ exporters: [prometheus({ port, host: '127.0.0.1' })] }),
        (port: number) => ({
          env: {
            OTEL_METRICS_EXPORTER: 'prometheus',
            OTEL_TRACES_EXPORTER: 'none',
            OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
            OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
          },
        }),
      ].entries()) {
        const port = await freePort()
        await traced(how(port), async () => {
          let text = ''
          for (let turn = 0; text === '' && turn < 100; turn++) {
            text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
              answer => answer.text(),
              () => '',
            )
            if (text === '') await new Promise(resolve => setTimeout(resolve, 10))
          }
          expect(text, String(index)).to.include('target_info')
        })
      }
    })

    it('404 when it was not asked for', async () => {
      await traced({ exporters: [consoleExporter()] }, async tracing => {
        expect((await scrape(tracing.metrics)).status).to.equal(404)
      })
    })
  })

  describe('options that cannot be meant', () => {
    for (const [options, code] of [
      [{ servicename: 'a' }, 'LARDER_UNKNOWN_OPTION'],
      [{ serviceName: 7 }, 'LARDER_INVALID_OPTION'],
      [{ exporters: ['otlp'] }, 'LARDER_INVALID_OPTION'],
      [{ sampleRatio: 2 }, 'LARDER_INVALID_OPTION'],
      [{ urlPaths: 'yes' }, 'LARDER_INVALID_OPTION'],
      [{ deadline: 'soon' }, 'LARDER_INVALID_DURATION'],
      [{ metricInterval: 0 }, 'LARDER_INVALID_DURATION'],
    ] as const) {
      it(JSON.stringify(options), () => {
        expect(() => readTracingOptions(options as never))
          .to.throw()
          .with.property('code', code)
      })
    }
  })
})

async function scrape(handler: Parameters<typeof createServer>[1] & object) {
  const server = createServer((req, res) => void (handler as (req: unknown, res: unknown) => unknown)(req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
