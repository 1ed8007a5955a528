// What whoever starts a server for the first time is told.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export function tellWhatToTry(server: Server): void {
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  console.log(`listening on ${url}

Ask twice, and compare Cache-Status, Age and X-Run (which counts the runs of handlers):
  curl -i '${url}/events?near=52.52,13.40'
  curl -i '${url}/search?q=chess'
Write, then ask again:
  curl -i -X PATCH ${url}/events/42 -H 'content-type: application/json' -d '{"title":"Picnic"}'
  curl -i ${url}/events/42
Sign in; what is yours is never shared:
  curl -i -c jar -X POST ${url}/sign-in -H 'content-type: application/json' -d '{"buddyId":7}'
  curl -i -b jar ${url}/me
Pages: ${url}/   Health: ${url}/health   End: Ctrl-C`)
}
