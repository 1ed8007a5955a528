// An Express application in CommonJS, as a user of the published door writes it.

const express = require('express')

module.exports = ({ responseCache, cacheHealth }) => {
  let runs = 0
  const app = express()
  app.use('/health', cacheHealth())
  app.get('/events', responseCache('5m'), (_req, res) => res.json({ runs: ++runs }))
  return app.listen(0)
}
