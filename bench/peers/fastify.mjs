// Fastify without a cache: a Buffer that is made beforehand, or JSON by a schema when `kind` is 'schema'.

import Fastify from 'fastify'

export default async function make(origin, kind) {
  const app = Fastify()
  if (kind === 'schema') {
    const item = {
      type: 'object',
      properties: { id: { type: 'integer' }, title: { type: 'string' }, city: { type: 'string' } },
    }
    const schema = { response: { 200: { type: 'object', properties: { items: { type: 'array', items: item } } } } }
    app.get('/', { schema }, async () => origin.json())
  } else {
    app.get('/', (_request, reply) => reply.type('application/json; charset=utf-8').send(origin.body))
  }
  await app.ready()
  return { server: app.server }
}
