// The end of a process, by real signals and under load: no response is lost, and nothing keeps it.

import { expect } from 'chai'
import { ask, open } from '../support/http.ts'
import { freePort, type RedisServer, startRedis } from '../support/redis-server.ts'
import { load } from './load.ts'
import { type Ingredients, type Service, startService } from './process.ts'

const straggling = 'something that is no part keeps the process: it is ended'

for (const framework of ['express', 'koa'] as const) {
  describe(`${framework}: the end of a service`, function () {
    this.timeout(30_000)
    this.slow(5000)
    const services: Service[] = []
    afterEach(() => {
      for (const { child } of services.splice(0)) child.kill('SIGKILL')
    })

    function start(made: Omit<Ingredients, 'framework'> = {}): Service {
      const service = startService({ framework, ...made })
      services.push(service)
      return service
    }

    async function running(made?: Omit<Ingredients, 'framework'>): Promise<Service & { readonly port: number }> {
      const service = start(made)
      const { port } = await service.says('listening')
      await service.says('everything has started')
      return { ...service, port: port as number }
    }

    /** What every good end has in common. */
    async function expectGoodEnd(service: Service, drainedAt: number): Promise<void> {
      const { code, signal, at } = await service.ended
      expect([code, signal], service.errors()).to.deep.equal([0, null])
      expect(at - drainedAt, 'from the last response to the end').to.be.below(1000)
      expect(service.told.filter(({ message }) => message === straggling)).to.deep.equal([])
      const steps = service.told
        .filter(({ part }) => part !== undefined)
        .map(({ part, message }) => `${part} ${message}`)
      expect(steps).to.deep.equal([
        'cache a part has started',
        'database a part has started',
        'server a part has started',
        'announcer a part has started',
        'cache metrics at start',
        'announcer a part has stopped',
        'server a part has stopped',
        'database a part has stopped',
        'cache metrics at shutdown',
        'cache a part has stopped',
      ])
    }

    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      it(`${name} under load: no response is lost, each connection is told to close, and the process ends by itself`, async () => {
        const service = await running()
        const clients = load(service.port, 40)
        await clients.answered(600)
        service.signal(name)
        const outcome = await clients.ended
        expect(outcome.lost).to.deep.equal([])
        expect(outcome.lastWords).to.equal(40)
        await expectGoodEnd(service, outcome.lastAt)
        const { hits } = service.told.find(({ message }) => message === 'metrics at shutdown')!['metrics'] as {
          hits: number
        }
        expect(hits).to.be.above(0)
      })
    }

    it('clients that open a connection a request, behind a load balancer that looks at readiness: none is lost', async () => {
      const service = await running({ drainDelay: '500ms' })
      let isReady = true
      const clients = load(service.port, 20, () => isReady)
      await clients.answered(300)
      service.signal('SIGTERM')
      while (isReady) {
        const { status } = await ask(service.port, '/health/ready')
        isReady = status === 200
      }
      const { lost, lastAt } = await clients.ended
      expect(lost).to.deep.equal([])
      const startedAt = performance.now()
      expect((await ask(service.port, '/health/live')).status, 'it is still there, and alive').to.equal(200)
      expect(performance.now() - startedAt).to.be.below(500)
      await expectGoodEnd(service, lastAt + 500)
    })

    describe('with Redis', () => {
      let redis: RedisServer
      before(async () => {
        redis = await startRedis({ config: { requirepass: 'S3CR3T-CANARY' } })
      })
      after(async () => {
        redis?.cont()
        await redis?.end()
      })

      it('frozen: health answers from memory, degraded and ready; under load no response is lost', async () => {
        redis.cont()
        const service = await running({ redis: redis.url })
        await service.says('everything has started')
        const clients = load(service.port, 20)
        await clients.answered(200)
        while ((await ask(service.port, '/health/ready')).text !== '{"status":"pass"}');
        redis.stop()
        // The far tier may say so before the service's own check does.
        const redisIs = async () => JSON.parse((await ask(service.port, '/health')).text).checks.redis[0].status
        while ((await redisIs()) !== 'fail');
        const [detail, ready] = [await ask(service.port, '/health'), await ask(service.port, '/health/ready')]
        const times: number[] = []
        for (let turn = 0; turn < 5; turn++) {
          const startedAt = performance.now()
          await ask(service.port, '/health')
          times.push(performance.now() - startedAt)
        }
        expect(Math.min(...times), 'the best of five, for a machine that is busy').to.be.below(50)
        expect([detail.status, ready.status, ready.text]).to.deep.equal([200, 200, '{"status":"warn"}'])
        const { checks } = JSON.parse(detail.text)
        expect(checks.redis[0]).to.include({ status: 'fail', reason: 'timed-out' })
        expect(checks.database[0]).to.include({ status: 'pass', tables: 3 })
        expect(detail.text).not.to.match(new RegExp(`S3CR3T|127\\.0\\.0\\.1|${redis.port}|node_modules`))

        service.signal('SIGTERM')
        const outcome = await clients.ended
        expect(outcome.lost).to.deep.equal([])
        await expectGoodEnd(service, outcome.lastAt)
        expect(JSON.stringify(service.told) + service.errors()).not.to.include('S3CR3T')
      })

      it('frozen before the start: it starts, and ends as well', async () => {
        redis.stop()
        const service = await running({ redis: redis.url })
        const clients = load(service.port, 4)
        await clients.answered(20)
        service.signal('SIGTERM')
        const outcome = await clients.ended
        expect(outcome.lost).to.deep.equal([])
        await expectGoodEnd(service, outcome.lastAt)
      })
    })

    it('a request that never ends is broken off when its time is over; the exit code says so', async () => {
      const service = await running({ drainTimeout: '700ms' })
      const [never, slow] = [open(service.port, '/never'), open(service.port, '/slow/300')]
      await never.has('begun')
      const startedAt = performance.now()
      service.signal('SIGTERM')
      expect((await slow.done).text).to.equal('slow')
      expect((await never.done).complete).to.equal(false)
      const { code, at } = await service.ended
      expect(code).to.equal(1)
      expect(at - startedAt).to.be.within(690, 3000)
      const line = service.told.find(({ message }) => message === 'a part did not stop')
      expect(line).to.include({ level: 'error', part: 'server' })
      expect(line?.['error']).to.match(/^requests on 1 connections were still under way after 700 ms/)
      expect(service.told.map(({ message }) => message)).to.include('metrics at shutdown')
    })

    it('a second signal ends it at once; an echo of the first does not', async () => {
      const service = await running({ drainTimeout: '20s' })
      const never = open(service.port, '/never', { waitMs: 20_000 })
      await never.has('begun')
      service.signal('SIGTERM')
      await service.says('shutting down')
      service.signal('SIGTERM')
      service.signal('SIGINT')
      await service.says('a part has stopped')
      const refusedAt = performance.now()
      while (performance.now() - refusedAt < 400) await new Promise(resolve => setTimeout(resolve, 40))
      expect(service.child.exitCode).to.equal(null)
      const startedAt = performance.now()
      service.signal('SIGINT')
      const { code, at } = await service.ended
      expect(code).to.equal(130)
      expect(at - startedAt).to.be.below(1000)
      expect((await never.done).complete).to.equal(false)
    })

    it('what is no part and would keep the process is told, and the process ends all the same', async () => {
      const service = await running({ straggler: true })
      service.signal('SIGTERM')
      const line = await service.says(straggling)
      expect(line['open']).to.include('Timeout')
      expect((await service.ended).code).to.equal(0)
    })

    it('a signal during the start stops what has started, and is no failure', async () => {
      const service = start({ databaseMs: 700 })
      await service.says('a part has started')
      service.signal('SIGTERM')
      const { code } = await service.ended
      const steps = service.told
        .filter(({ part }) => part !== undefined)
        .map(({ part, message }) => `${part} ${message}`)
      expect(steps).to.deep.equal([
        'cache a part has started',
        'database a part has started',
        'database a part has stopped',
        'cache metrics at shutdown',
        'cache a part has stopped',
      ])
      expect([code, service.errors()]).to.deep.equal([0, ''])
    })

    it('a port that is in use is one clear error; what has started is stopped, and nothing keeps the process', async () => {
      const other = await running({ port: await freePort() })
      const service = start({ port: other.port })
      const { code } = await service.ended
      expect(code).to.equal(1)
      expect(service.errors()).to.include(`server did not start: port ${other.port} is in use: stop what uses it`)
      expect(service.told.slice(-2).map(({ part, message }) => `${part} ${message}`)).to.deep.equal([
        'cache metrics at shutdown',
        'cache a part has stopped',
      ])
    })
  })
}
