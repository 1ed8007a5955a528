// Who holds the data folder: a process that runs, and nobody else.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { lockFolder } from '../../examples/link-up-buddy/src/database/folder-lock.ts'
import { temporaryFolder } from './server.ts'

describe('the lock of the data folder', () => {
  const folder = temporaryFolder()
  const file = join(folder.path, 'in-use-by.pid')
  after(() => folder.remove())

  it('is taken, refused while its owner runs, and given back', async () => {
    const owner = spawn('sleep', ['60'])
    writeFileSync(file, String(owner.pid))
    const refused = await lockFolder(folder.path).catch(error => error)
    expect(refused.message).to.contain(`in use by process ${owner.pid}`)

    owner.kill('SIGKILL')
    await new Promise(resolve => owner.once('exit', resolve))
    const giveBack = await lockFolder(folder.path)
    expect(readFileSync(file, 'utf8')).to.equal(String(process.pid))
    giveBack()
    expect(existsSync(file)).to.equal(false)
  })

  it('an owner that has ended and that nobody has waited for (a zombie) holds nothing', async function () {
    if (!existsSync('/proc/self/stat')) this.skip()
    // The shell gives way to a program that never waits for the child that the shell had started.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = Number(await new Promise<Buffer>(resolve => parent.stdout.once('data', resolve)))
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await new Promise(setImmediate)
    writeFileSync(file, String(pid))
    const giveBack = await lockFolder(folder.path)
    giveBack()
    parent.kill('SIGKILL')
  })
})
