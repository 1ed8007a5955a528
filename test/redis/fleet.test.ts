// Twelve nodes in four processes behind one Redis: what is cold is made once, what is stale is refreshed once, and who dies at it holds up nobody for long.

import { expect } from 'chai'
import { type Child, startChild } from '../support/child.ts'
import { type Answer, ask } from '../support/http.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const PROCESSES = 4
const NODES_EACH = 3
const COLD_KEYS = 40
/** As long as the lease of a run that may hang holds. */
const LEASE_MS = 1000
/** Whoever waits for a message looks by himself after so long. */
const LOOK_MS = 500
const waitMs = 30_000

describe('one fill in a fleet of processes', function () {
  this.timeout(60_000)
  let server: RedisServer
  let processes: Child[] = []
  /** The ports of each process. */
  const ports = new Map<Child, readonly number[]>()

  before(async () => {
    server = await startRedis()
    const program = new URL('fleet.ts', import.meta.url)
    const env = { REDIS_URL: server.url }
    processes = await Promise.all(Array.from({ length: PROCESSES }, () => startChild(program, { env })))
    await Promise.all(
      processes.map(async child => void ports.set(child, await child.call<number[]>('open', NODES_EACH))),
    )
  })
  after(async () => {
    for (const child of processes) await child.kill()
    await server?.end()
  })

  const nodes = (): number[] => processes.flatMap(child => ports.get(child)!)
  const runs = async (name: string): Promise<number> => Number((await server.command('GET', `runs:${name}`)) ?? 0)
  const runOf = ({ text }: Answer): number => (JSON.parse(text) as { run: number }).run
  const isHit = (answer: Answer): boolean => /\bhit\b/.test(answer.header('cache-status') ?? '')
  const get = (port: number, target: string): Promise<Answer> => ask(port, target, { waitMs })
  const leases = async () => (await server.command('KEYS', 'app:larder:l:*')) as readonly string[]

  async function killed(child: Child): Promise<void> {
    processes = processes.filter(each => each !== child)
    await child.kill()
  }

  it(`12 nodes, 100 requests to each, ${COLD_KEYS} cold pages → ${COLD_KEYS} runs of the handler`, async () => {
    const paths = Array.from({ length: COLD_KEYS }, (_, i) => `/cold/${i}`)
    const wanted = Array.from({ length: 100 }, (_, i) => nodes().map(port => [port, paths[i % COLD_KEYS]!] as const))
    const answers = await Promise.all(wanted.flat().map(([port, path]) => get(port, path)))
    expect(answers).to.have.length(1200)
    for (const [i, answer] of answers.entries()) {
      expect([answer.status, answer.complete]).to.deep.equal([200, true])
      expect(JSON.parse(answer.text)).to.deep.equal({ run: 1, path: wanted.flat()[i]![1] })
    }
    expect(await Promise.all(paths.map(runs))).to.deep.equal(paths.map(() => 1))
  })

  it(`12 nodes, 10 calls in each for each of ${COLD_KEYS} cold values → ${COLD_KEYS} fills`, async () => {
    const keys = Array.from({ length: COLD_KEYS }, (_, i) => `value:${i}`)
    const values = await Promise.all(processes.map(child => child.call<Set<number>>('want', keys, 10)))
    expect(values).to.deep.equal(processes.map(() => new Set([1])))
    expect(await Promise.all(keys.map(runs))).to.deep.equal(keys.map(() => 1))
  })

  it('a process that is killed while it fills: its lease ends by itself, and one of the others fills', async () => {
    const path = '/hanging/fill'
    const [leader, ...others] = processes as [Child, ...Child[]]
    void get(ports.get(leader)![0]!, `${path}?hangs=1`).catch(() => {})
    await until(async () => (await runs(path)) === 1)
    const waiting = others.flatMap(child => ports.get(child)!).map(port => get(port, `${path}?hangs=1`))
    const [lease] = (await leases()) as [string]
    const leftMs = Number(await server.command('PTTL', lease))
    const begin = performance.now()
    expect(leftMs).to.be.within(1, LEASE_MS)
    await killed(leader)
    const answers = await Promise.all(waiting)
    const tookMs = performance.now() - begin
    // Its end, the look after half a second that nobody was told of it, and the run.
    expect(tookMs).to.be.within(leftMs - 50, leftMs + LOOK_MS + 2000)
    expect(answers.map(runOf)).to.deep.equal(answers.map(() => 2))
    expect(await runs(path)).to.equal(2)
    expect(await leases()).to.deep.equal([])
  })

  describe('of what is stale', () => {
    const pages = ['/aging/page', '/hanging/page?hangs=2']

    before(async () => {
      const wanted = nodes().flatMap(port => pages.map(page => get(port, page)))
      for (const answer of await Promise.all(wanted)) expect(runOf(answer)).to.equal(1)
      const filledAt = performance.now()
      await until(() => performance.now() - filledAt > 2100)
    })

    it('all are answered with it, and one of them refreshes', async () => {
      const [page] = pages as [string]
      const wanted = Array.from({ length: 10 }, () => nodes().map(port => get(port, page)))
      const answers = await Promise.all(wanted.flat())
      for (const answer of answers) {
        expect([answer.status, isHit(answer)]).to.deep.equal([200, true])
        expect(runOf(answer)).to.be.within(1, 2)
      }
      expect(answers.some(answer => runOf(answer) === 1)).to.equal(true)
      await until(async () =>
        (await Promise.all(nodes().map(port => get(port, page)))).every(each => runOf(each) === 2),
      )
      expect(await runs('/aging/page')).to.equal(2)
    })

    it('a process is killed while it refreshes: all are answered with it until another one has refreshed', async () => {
      const [, page] = pages as [string, string]
      const [leader, ...others] = processes as [Child, ...Child[]]
      expect(runOf(await get(ports.get(leader)![0]!, page))).to.equal(1)
      await until(async () => (await runs('/hanging/page')) === 2)
      await killed(leader)
      const survivors = others.flatMap(child => ports.get(child)!)
      const begin = performance.now()
      await until(async () => {
        const answers = await Promise.all(survivors.map(port => get(port, page)))
        expect(answers.every(isHit)).to.equal(true)
        return answers.every(answer => runOf(answer) === 3)
      }, 10_000)
      expect(performance.now() - begin).to.be.below(LEASE_MS + LOOK_MS + 4000)
      expect(await runs('/hanging/page')).to.equal(3)
    })
  })
})
