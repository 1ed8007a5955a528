// A Koa application in CommonJS, as a user of the published door writes it.

const Koa = require('koa')

module.exports = ({ responseCache, cacheHealth }) => {
  let runs = 0
  const app = new Koa()
  app.use(cacheHealth({ path: '/health' }))
  app.use(responseCache('5m'))
  app.use(ctx => {
    ctx.body = { runs: ++runs }
  })
  return app.listen(0)
}
