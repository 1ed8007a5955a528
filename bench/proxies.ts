// nginx and Varnish in front of the same handler, as courses of a race: what can be had without an application's own process.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createNodeServer } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environmentOf, findProgram, unpackedRoot } from '../scripts/programs.mjs'
import { createOrigin, KB } from './origin.ts'
import { type Course, type MakeCourse, NotHere, optional } from './race.ts'

/** nginx with proxy_cache, one worker. */
export function nginx(items = KB): MakeCourse {
  return optional(() =>
    proxied('nginx', items, (folder, port, origin) => {
      const file = join(folder, 'nginx.conf')
      writeFileSync(
        file,
        `worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=bench:10m;
  open_file_cache max=1000;
  sendfile on;
  tcp_nopush on;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${origin};
      proxy_cache bench;
      proxy_cache_valid 200 1h;
    }
  }
}
`,
      )
      return ['-p', folder, '-c', file]
    }),
  )
}

/** Varnish with its default rules. */
export function varnish(items = KB): MakeCourse {
  return optional(() =>
    proxied('varnishd', items, (folder, port, origin) => {
      const file = join(folder, 'default.vcl')
      writeFileSync(
        file,
        `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${origin}"; }
sub vcl_backend_response { set beresp.ttl = 1h; }
`,
      )
      const unpacked = unpackedRoot('varnishd')
      const modules = unpacked === undefined ? [] : ['-p', `vmod_path=${join(unpacked, 'usr/lib/varnish/vmods')}`]
      const work = join(folder, 'work')
      mkdirSync(work)
      return ['-F', '-j', 'none', '-n', work, '-a', `127.0.0.1:${port}`, '-f', file, '-s', 'malloc,64m', ...modules]
    }),
  )
}

type Configure = (folder: string, port: number, originPort: number) => readonly string[]

async function proxied(name: 'nginx' | 'varnishd', items: number, configure: Configure): Promise<Course> {
  const program = findProgram(name)
  if (program === undefined) throw new NotHere('not installed')
  const { body, headers } = createOrigin(items)
  let runs = 0
  const origin = createNodeServer((_req, res) => {
    runs++
    res.writeHead(200, headers).end(body)
  })
  origin.listen(0, '127.0.0.1')
  await once(origin, 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'larder-bench-'))
  // A worker of nginx that was started by root is somebody else.
  chmodSync(folder, 0o755)
  const port = await freePort()
  const args = configure(folder, port, (origin.address() as AddressInfo).port)
  const child = spawn(program, args, { env: environmentOf(name), stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-500)
  })
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    origin.close()
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', () => child.kill('SIGKILL'))
  try {
    await listening(child, port)
  } catch (error) {
    await end()
    throw new Error(`${(error as Error).message} ${said.trim()}`)
  }
  return { port, runs: () => runs, cpu: () => cpuOf(child.pid!), close: end }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + 20_000
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}.`)
    try {
      await fetch(`http://127.0.0.1:${port}/`)
      return
    } catch {
      await new Promise(resolve => setTimeout(resolve, 25))
    }
  }
  throw new Error('does not answer.')
}

async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** CPU time of a process and those below it, in microseconds: Linux counts it in hundredths of a second. */
function cpuOf(pid: number): number {
  // The name, in brackets, may hold spaces. Behind it, 12th and 13th: user and system time.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean)
  const own = (Number(stat[11]) + Number(stat[12])) * 10_000
  return children.reduce((sum, child) => sum + cpuOf(Number(child)), own)
}
