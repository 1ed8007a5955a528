// The made data: the same everywhere, enough of it, and consistent; on a Postgres server too, where one is installed.

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { cities } from '../../examples/link-up-buddy/src/data/cities.ts'
import { dataSize, makeData } from '../../examples/link-up-buddy/src/data/make.ts'
import { seededRandom } from '../../examples/link-up-buddy/src/data/random.ts'
import { openDatabase } from '../../examples/link-up-buddy/src/database/open.ts'
import { createSessions } from '../../examples/link-up-buddy/src/sessions.ts'
import { start, temporaryFolder } from './server.ts'

describe('the made data', () => {
  const made = makeData(5)

  it('is the same for the same seed', () => {
    const digest = (seed: number): string =>
      createHash('sha256')
        .update(JSON.stringify(makeData(seed)))
        .digest('hex')
    expect(digest(5)).to.equal(digest(5)).and.not.equal(digest(6))
  })

  it('is enough, and each column as long as the next', () => {
    expect(dataSize.events).to.be.at.least(10_000)
    expect(dataSize.buddies).to.be.at.least(2_000)
    for (const [columns, rows] of [
      [made.events, dataSize.events],
      [made.buddies, dataSize.buddies],
    ] as const)
      for (const column of Object.values(columns)) expect(column).to.have.length(rows)
    expect(made.attendances.eventId).to.have.length(made.attendances.buddyId.length)
  })

  it('has every event in its city, in the year that its dates count from', () => {
    const centre = new Map(cities.map(city => [city.name, city]))
    for (const [at, name] of made.events.city.entries()) {
      const city = centre.get(name)!
      expect(Math.abs(made.events.lat[at]! - city.lat)).to.be.below(0.04)
      expect(Math.abs(made.events.lon[at]! - city.lon)).to.be.below(0.1)
      expect(made.events.startsAt[at]).to.match(/^2030-/)
    }
  })

  it('has nobody attend twice', () => {
    const pairs = made.attendances.eventId.map((eventId, at) => `${eventId} ${made.attendances.buddyId[at]}`)
    expect(new Set(pairs).size).to.equal(pairs.length)
  })

  it('comes of numbers that are spread evenly', () => {
    const random = seededRandom(1)
    const counts = [0, 0, 0, 0, 0]
    for (let round = 0; round < 10_000; round++) counts[random.whole(0, 4)]! += 1
    for (const count of counts) expect(count).to.be.within(1_850, 2_150)
  })
})

describe('a session', () => {
  it('ends after a week, and with the secret', () => {
    let now = 0
    const sessions = createSessions('a secret of sixteen', () => now)
    const cookie = sessions.signIn(7).split(';')[0]!
    expect(sessions.signedIn(`theme=dark; ${cookie}; x=1`)).to.equal(7)
    expect(createSessions('another secret, also', () => now).signedIn(cookie)).to.equal(undefined)
    now = 7 * 86_400_000
    expect(sessions.signedIn(cookie)).to.equal(undefined)
  })
})

describe('on a Postgres server', function () {
  this.timeout(180_000)
  const folder = temporaryFolder()
  const server = postgresFolder()
  let url: string
  let stop = async (): Promise<void> => {}

  before(async function () {
    if (server === undefined) return this.skip()
    ;({ url, stop } = await startPostgres(server, folder.path))
  })
  after(async () => {
    await stop()
    folder.remove()
  })

  it('two servers that start at once make the data once, and see each other’s writes in the database', async () => {
    const [express, koa] = await Promise.all(['express', 'koa'].map(name => start(name, { DATABASE_URL: url })))
    const outputs = express!.output() + koa!.output()
    expect(outputs.match(/first start: made/g)).to.have.length(1)
    const { id } = (await express!.ask('/events/9')).json
    expect((await express!.ask(`/events/${id}`, { method: 'PATCH', body: { title: 'Both see it' } })).status).to.equal(
      200,
    )
    expect((await koa!.ask('/events/9')).json.title).to.equal('Both see it')
    expect((await koa!.ask('/events?near=52.52,13.4')).json.events[0].distanceKm).to.be.a('number')
    expect((await koa!.ask('/search?q=chess')).json.events).to.have.length(20)
    await Promise.all([express!.end(), koa!.end()])
  })

  it('a transaction that fails leaves nothing', async () => {
    const database = await openDatabase({ url, folder: folder.path, say: () => {} })
    const failed = await database
      .transaction(async connection => {
        await connection.query("update link_up_buddy.events set title = 'Lost' where id = 1")
        throw new Error('on purpose')
      })
      .catch(error => error)
    expect(failed.message).to.equal('on purpose')
    const [row] = await database.query<{ title: string }>('select title from link_up_buddy.events where id = 1')
    expect(row!.title).not.to.equal('Lost')
    await database.close()
  })

  it('data of another version is refused, not replaced', async () => {
    const database = await openDatabase({ url, folder: folder.path, say: () => {} })
    await database.query('update link_up_buddy.setup set version = 0')
    await database.close()
    const refused = await openDatabase({ url, folder: folder.path, say: () => {} }).catch(error => error)
    expect(refused.message).to.contain('drop the schema link_up_buddy')
  })
})

/** Where `initdb` and `postgres` are: on PATH, or where Debian keeps them. */
function postgresFolder(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).map(version => join(debian, version, 'bin')) : []
  return [...(process.env.PATH ?? '').split(':'), ...versions].find(
    path => existsSync(join(path, 'initdb')) && existsSync(join(path, 'postgres')),
  )
}

async function startPostgres(bin: string, folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  // Postgres refuses to run as root; its own user is there where it was installed.
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid!)
  const data = join(folder, 'data')
  const made = spawnSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync'], user)
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)

  const port = await freePort()
  const options = ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-F']
  const postgres = spawn(join(bin, 'postgres'), options, { ...user, stdio: ['ignore', 'ignore', 'pipe'] })
  await new Promise<void>((resolve, reject) => {
    postgres.stderr!.on('data', chunk => {
      if (String(chunk).includes('ready to accept connections')) resolve()
    })
    postgres.on('exit', code => reject(new Error(`postgres ended with ${code}`)))
  })
  const ended = new Promise<void>(resolve => postgres.on('exit', () => resolve()))
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop: () => {
      postgres.kill('SIGINT')
      return ended
    },
  }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
