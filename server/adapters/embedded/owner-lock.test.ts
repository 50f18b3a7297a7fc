import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { afterwards } from '../../testing/afterwards.ts'
import { DataFolderHeld, readOwner, recordOwnerUrl, takeOwnerLock } from './owner-lock.ts'

const folder = (t: TestContext) => {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-lock-'))
  afterwards(t, () => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

test('the second one is told who holds the folder, and where it answers', async (t) => {
  const dir = folder(t)
  const lock = await takeOwnerLock(dir)
  await assert.rejects(takeOwnerLock(dir), new RegExp(`in use by process ${process.pid}: `))
  recordOwnerUrl(dir, 'http://localhost:8080')
  assert.deepEqual(readOwner(dir), { pid: process.pid, url: 'http://localhost:8080' })
  await assert.rejects(takeOwnerLock(dir), (e) => e instanceof DataFolderHeld && /process \d+, at http:\/\/localhost:8080: /.test(e.message))
  lock.release()
  lock.release()
  ;(await takeOwnerLock(dir)).release()
})

test('of six that start at once exactly one wins, ten times over', async (t) => {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.module).then(async ({ takeOwnerLock }) => {
      parentPort.on('message', async () => { // go, then end
        try { const lock = await takeOwnerLock(workerData.dir); parentPort.postMessage('won'); parentPort.once('message', () => lock.release()) }
        catch (e) { parentPort.postMessage(e.constructor.name) }
      })
      parentPort.postMessage('there')
    })`
  for (let round = 0; round < 10; round++) {
    const dir = folder(t)
    const contenders = Array.from({ length: 6 }, () => new Worker(source, { eval: true, workerData: { dir, module: new URL('./owner-lock.ts', import.meta.url).href } }))
    const next = (w: Worker) => new Promise<string>((resolve, reject) => w.once('message', resolve).once('error', reject))
    await Promise.all(contenders.map(next))
    const results = await Promise.all(contenders.map((w) => {
      const result = next(w)
      w.postMessage('go')
      return result
    }))
    assert.deepEqual(results.toSorted(), [...Array<string>(5).fill('DataFolderHeld'), 'won'])
    await Promise.all(contenders.map((w) => w.terminate()))
  }
})
