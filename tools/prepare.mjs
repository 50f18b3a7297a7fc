// Makes a clone ready to run, in front of every npm script: the packages of the lockfile, Node 24, the built console.
// Runs under the machine's own Node (20 or newer) before anything is installed: plain JavaScript without dependencies.
// It ends before the product starts (`node tools/prepare.mjs && exec ...`), so that signals reach the server itself.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const { platform, arch, env } = process
const marker = 'node_modules/.groundwork' // which lockfile was installed, and for which machine
const node = 'node_modules/.bin/node'
const lock = 'tmp/preparing' // held while something is installed or built; two starts may race
const stamp = 'dist/console.sources' // of which sources dist/console was built

const say = (line) => process.stderr.write(`${line}\n`)
const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '')
const fail = (line) => { throw Object.assign(new Error(line), { said: true }) }
const hash = (...parts) => parts.reduce((sum, part) => sum.update(part).update('\0'), createHash('sha256')).digest('hex')

process.chdir(path.dirname(path.dirname(fileURLToPath(import.meta.url))))
try {
  if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or newer.`)
  if (platform === 'win32') fail('The npm scripts need a POSIX shell: on Windows run them inside WSL.')
  if (!ready()) {
    await take()
    try {
      if (!installed()) await install()
      if (!fs.existsSync(node)) linkNode()
      if (!built()) await build()
    } finally { fs.rmSync(lock, { force: true }) }
  }
} catch (error) {
  if (['EACCES', 'EROFS', 'EPERM', 'ENOSPC'].includes(error.code)) say(`Cannot write ${error.path ?? 'here'} (${error.code}): this user needs a writable folder with about 1 GB free.`)
  else say(error.said ? error.message : error.stack)
  process.exit(1)
}

function ready() {
  return installed() && fs.existsSync(node) && built()
}

/** Are the packages those of the lockfile? What a hand's own `npm install` brought counts too, once npm's record of it agrees. */
function installed() {
  const wanted = `${platform}-${arch} ${hash(read('package-lock.json'))}`
  if (read(marker) === wanted) return true
  const record = JSON.parse(read('node_modules/.package-lock.json') || '{}').packages
  if (!record) return false
  const packages = Object.entries(JSON.parse(read('package-lock.json')).packages).filter(([name]) => name)
  const agrees = packages.every(([name, { version, optional }]) => (record[name] ? record[name].version === version : optional))
  if (!agrees || !packages.some(([name]) => record[name] && name === `node_modules/node-${platform}-${arch}`)) return false
  fs.writeFileSync(marker, wanted)
  return true
}

async function install() {
  say('Installing packages, half a minute or so, once ...')
  const own = env.npm_execpath?.endsWith('npm-cli.js')
  const [command, ...first] = own ? [process.execPath, env.npm_execpath] : ['npm']
  // No install script is needed, and npm 12 would run none: so none anywhere. Development packages build the console, hence
  // include=dev, which NODE_ENV=production would leave out; Node 24 and PostgreSQL are optional ones.
  const flags = ['--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error']
  const cache = writable(env.npm_config_cache ?? path.join(os.homedir(), '.npm')) ? null : path.resolve('tmp/npm-cache')
  if (cache) flags.push(`--cache=${cache}`)
  const { code, output } = await run(command, [...first, 'ci', ...flags])
  if (cache) fs.rmSync(cache, { recursive: true, force: true })
  if (code !== 0) fail(`${output}\nnpm could not install the packages (its words are above). Mend that and run the same command again.`)
  linkNode()
  fs.writeFileSync(marker, `${platform}-${arch} ${hash(read('package-lock.json'))}`)
}

/** Points node_modules/.bin/node at a Node 24: npm 10 makes no link when several optional packages offer it; some machines have no package. */
function linkNode() {
  const runs = (file) => /^v(2[4-9]|[3-9]\d)\./.test(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? '')
  if (fs.existsSync(node) && runs(node)) return
  const packaged = `node_modules/node-${platform}-${arch}/bin/node`
  const found = [packaged, process.execPath].find((file) => fs.existsSync(file) && runs(file))
  if (!found) fail(`Node 24 is needed, this is ${process.versions.node}, and there is no package of it for ${platform}-${arch}: install Node 24.`)
  fs.mkdirSync(path.dirname(node), { recursive: true })
  fs.rmSync(node, { force: true }) // a dangling link, or one to a Node that does not run here
  fs.symlinkSync(found === packaged ? path.relative(path.dirname(node), packaged) : found, node)
}

function sources() {
  const files = ['console', 'client'].filter((folder) => fs.existsSync(folder)).flatMap((folder) => fs.readdirSync(folder, { recursive: true }).map((name) => path.join(folder, name)))
  const inputs = files.filter((file) => !/\.test\.tsx?$/.test(file) && fs.statSync(file).isFile()).sort()
  return hash(read('package-lock.json'), ...inputs.flatMap((file) => [file, fs.readFileSync(file)]))
}

/** Is dist/console of these sources? A released package has no sources, only what was built. */
function built() {
  return !fs.existsSync('console/vite.config.ts') || (fs.existsSync('dist/console/index.html') && read(stamp) === sources())
}

async function build() {
  say('Building the console, some seconds, once ...')
  const of = sources() // before, so that an edit during the build makes the next start build again
  fs.rmSync(stamp, { force: true })
  const { code, output } = await run(path.resolve(node), ['node_modules/.bin/vite', 'build', '--config', 'console/vite.config.ts'])
  if (code !== 0) fail(`${output}\nThe console could not be built (the reason is above).`)
  fs.writeFileSync(stamp, of)
}

/** Runs a command to its end with its output kept. It is noted in the lock: should this process be killed, the work goes on and others wait for it. */
async function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => { output += bytes })
  const pass = (signal) => { child.kill(signal); process.exit(1) } // the lock stays, for as long as the child takes to end
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, pass)
  const ended = new Promise((resolve) => child.once('error', (error) => { output += error.message; resolve(1) }).once('close', resolve))
  if (child.pid) fs.writeFileSync(lock, `${holder(process.pid)}\n${holder(child.pid)}`)
  const code = await ended
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, pass)
  return { code, output: output.trim() }
}

/** Takes the lock, waiting for whoever holds it. A lock whose processes are all gone is put aside. */
async function take() {
  fs.mkdirSync(path.dirname(lock), { recursive: true })
  const mine = `${lock}.${process.pid}`
  fs.writeFileSync(mine, holder(process.pid))
  try {
    for (let waiting = false; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
      try { return fs.linkSync(mine, lock) } catch (error) { if (error.code !== 'EEXIST') throw error } // whole and at once, or not
      const holders = read(lock)
      if (!holders.split('\n').some(alive)) { putAside(holders) } else if (!waiting) { say('Another start is preparing this folder: waiting for it ...'); waiting = true }
    }
  } finally { fs.rmSync(mine, { force: true }) }
}

/** By renaming, so that of several waiters one succeeds; what turns out to be a new holder's lock is put back. */
function putAside(stale) {
  const aside = `${lock}.stale.${process.pid}`
  try { fs.renameSync(lock, aside) } catch { return }
  if (read(aside) !== stale) fs.linkSync(aside, lock)
  fs.rmSync(aside, { force: true })
}

/** "pid start-time", where the system tells it: a reused pid is not the holder, a zombie holds nothing. */
function holder(pid) {
  const fields = read(`/proc/${pid}/stat`).replace(/.*\) /, '').split(' ')
  return `${pid} ${fields[0] === 'Z' ? '' : fields[19] ?? ''}`
}

function alive(line) {
  const pid = Number(line.split(' ')[0])
  if (!pid || line !== holder(pid)) return false
  try { process.kill(pid, 0) } catch (error) { return error.code === 'EPERM' }
  return true
}

function writable(folder) {
  while (!fs.existsSync(folder)) folder = path.dirname(folder)
  try { fs.accessSync(folder, fs.constants.W_OK); return true } catch { return false }
}
