// What instrumentations write into spans and what is left of it: no URL, no statement, no text of a Redis error.

import { SpanStatusCode } from '@opentelemetry/api'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { expect } from 'chai'
import { redacting } from '../src/redact.ts'

type Span = ReturnType<ReturnType<NodeTracerProvider['getTracer']>['startSpan']>

function exported(write: (span: Span) => void, paths = false): ReadableSpan {
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({
    spanProcessors: [redacting(paths), new SimpleSpanProcessor(exporter)],
  })
  const span = provider.getTracer('test').startSpan('work')
  write(span)
  span.end()
  return exporter.getFinishedSpans()[0]!
}

const replyError = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' })

describe('redaction of spans', () => {
  const urls = {
    'url.full': 'https://user:canary@host.example/path?token=canary#part',
    'url.path': '/path',
    'url.query': 'token=canary',
    'http.url': 'http://host.example/path?token=canary',
    'http.target': '/path?token=canary',
  }

  it('takes URLs out', () => {
    const { attributes } = exported(span => span.setAttributes({ ...urls, 'url.scheme': 'https' }))
    expect(attributes).to.deep.equal({ 'url.scheme': 'https' })
  })

  it('leaves their paths when asked, never a query or credentials', () => {
    const { attributes } = exported(span => span.setAttributes(urls), true)
    expect(attributes).to.deep.equal({
      'url.full': 'https://host.example/path',
      'url.path': '/path',
      'http.url': 'http://host.example/path',
      'http.target': '/path',
    })
  })

  for (const [system, statement] of [
    ['db.system.name', 'db.query.text'],
    ['db.system', 'db.statement'],
  ] as const) {
    it(`leaves the command of a Redis statement alone (${statement})`, () => {
      const { attributes } = exported(span =>
        span.setAttributes({ [system]: 'redis', [statement]: 'SET canary canary' }),
      )
      expect(attributes[statement]).to.equal('SET')
    })
  }

  it('leaves the statements of other databases to their instrumentations', () => {
    const { attributes } = exported(span =>
      span.setAttributes({ 'db.system.name': 'postgresql', 'db.query.text': 'SELECT $1' }),
    )
    expect(attributes['db.query.text']).to.equal('SELECT $1')
  })

  for (const [message, code] of [
    ["ERR unknown command 'x', with args beginning with: 'canary'", 'ERR'],
    ['OOM command not allowed when used memory > canary', 'OOM'],
    ['canary', 'error'],
  ] as const) {
    it(`leaves the code of what Redis says, wherever it is recorded: ${code}`, () => {
      for (const attributes of [{ 'db.system.name': 'redis' }, { 'http.route': '/a' }]) {
        const { events, status } = exported(span => {
          span.setAttributes(attributes)
          span.recordException(replyError(message))
          span.setStatus({ code: SpanStatusCode.ERROR, message })
        })
        expect(events[0]!.attributes).to.deep.equal({ 'exception.type': 'ReplyError', 'exception.message': code })
        expect(status).to.deep.equal({ code: SpanStatusCode.ERROR, message: code })
      }
    })
  }

  it('leaves the application’s own errors as they are', () => {
    const { events, status } = exported(span => {
      span.recordException(new TypeError('no such buddy'))
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'no such buddy' })
    })
    expect(events[0]!.attributes).to.include({ 'exception.type': 'TypeError', 'exception.message': 'no such buddy' })
    expect(events[0]!.attributes?.['exception.stacktrace']).to.be.a('string')
    expect(status.message).to.equal('no such buddy')
  })
})
