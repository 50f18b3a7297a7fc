// `groundwork <noun> <verb>`: what the words mean, where the server is, and how refusals become exit codes.
import { readFile } from 'node:fs/promises'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { createClient, type Client } from '../client/client.ts'
import { ApiProblem } from '../client/problem.ts'
import { inMemory } from '../client/tokens.ts'
import { runVerbs } from './runs.ts'
import { exits, Misuse, type Surroundings, type Values, type Verb } from './verb.ts'

const common: ParseArgsOptionsConfig = { url: { type: 'string' }, key: { type: 'string' }, tenant: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }
const nouns: Readonly<Record<string, Readonly<Record<string, Verb>>>> = { runs: runVerbs }

function helpText(): string {
  const lines = Object.entries(nouns).flatMap(([noun, verbs]) => Object.entries(verbs).map(([verb, { usage, about }]) => `  groundwork ${noun} ${verb} ${usage}\n      ${about}`))
  return `groundwork: runs of workflows from the command line

${lines.join('\n')}
  groundwork db
      The database, read only: its tables and their sizes; \`db query\` and \`db url\` beside it. Needs the data folder, not a key.
  groundwork start | seed | backup [file] | restore <file> | prove-isolation [url]
      What \`npm start --\` does with the same words.

Where and who:
  --url <address>   or GW_URL; http://localhost:8080 unless said
  --key <key>       or GW_KEY: an API key (gw_...) or an access token. A key on the command line is seen by other users of this machine.
  --tenant <slug>   or GW_TENANT, where the token names no tenant
  --json            prints what the API answers

Exit codes: 0 done, 1 refused or unreachable, 2 wrong usage, 3 the run failed, 4 it was cancelled, 5 watching ended before the run did.`
}

/** @returns the exit code */
export async function runCommand(args: readonly string[], around: Surroundings): Promise<number> {
  try {
    const [noun, verb, ...rest] = args
    if (noun === undefined || noun === 'help' || noun === '--help' || noun === '-h') return around.say(helpText()), exits.done
    const verbs = nouns[noun]
    if (!verbs) throw new Misuse(`there is no ${noun}: groundwork help lists what there is`)
    if (verb === undefined || verb === '--help' || verb === '-h') return around.say(helpText()), verb === undefined ? exits.usage : exits.done
    const found = Object.hasOwn(verbs, verb) ? verbs[verb]! : undefined
    if (!found) throw new Misuse(`${noun} has no ${verb}: there are ${Object.keys(verbs).join(', ')}`)
    const { values, positionals } = parsed(rest, found, `groundwork ${noun} ${verb} ${found.usage}`)
    if (values.help) return around.say(`groundwork ${noun} ${verb} ${found.usage}\n${found.about}`), exits.done
    return await found.run({ ...around, values, words: positionals, json: values.json === true, client: clientFor(values, around), textOf: (given) => textOf(given, around) })
  } catch (error) {
    if (error instanceof Misuse) return around.warn(error.message), exits.usage
    if (around.signal?.aborted) return exits.waiting
    if (error instanceof ApiProblem) return around.warn(`${error.message}${error.status === 401 ? '\nSet GW_KEY to an API key of the team: the console makes one under Settings, Keys.' : ''}`), exits.refused
    throw error
  }
}

function parsed(rest: readonly string[], verb: Verb, usage: string): { values: Values; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...rest], options: { ...common, ...verb.options }, allowPositionals: true })
    if (!values.help && positionals.length !== verb.words) throw new Misuse(`usage: ${usage}`)
    return { values: values as Values, positionals }
  } catch (error) {
    if (error instanceof Misuse) throw error
    throw new Misuse(`${(error as Error).message.split('. ')[0]!}\nusage: ${usage}`)
  }
}

function clientFor(values: Values, { env, fetch }: Surroundings): Client {
  const text = (name: string, variable: string) => (typeof values[name] === 'string' ? values[name] : env[variable]) || undefined
  const baseUrl = text('url', 'GW_URL') ?? 'http://localhost:8080'
  if (!/^https?:\/\//.test(baseUrl)) throw new Misuse(`${baseUrl} is no address: such as https://groundwork.example.com`)
  const key = text('key', 'GW_KEY')
  return createClient({ baseUrl, ...(fetch ? { fetch } : {}), tenant: text('tenant', 'GW_TENANT'), tokens: { store: inMemory(key === undefined ? null : { accessToken: key }) } })
}
async function textOf(given: string, { readInput }: Surroundings): Promise<string> {
  if (given === '-') return readInput()
  if (!given.startsWith('@')) return given
  return readFile(given.slice(1), 'utf8').catch((error: Error) => {
    throw new Misuse(`${given.slice(1)} cannot be read: ${error.message}`)
  })
}
