// Proof 5. Every operation accepts a good request; then each field, parameter and header of it is made bad in every way that fits: never a 5xx,
// every 422 names its field, nothing is written. Operations and fields come from the OpenAPI document, so new ones are tried by themselves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../kernel/ids.ts'
import { placesIn, readOperations, textOf, typesOf, urlOf, type Operation, type Place, type Request, type Schema } from '../testing/operations.ts'
import { assertNone, startProduct, type Answer } from '../testing/product.ts'
import { prepare } from '../testing/requests.ts'
import { openRows } from '../testing/rows.ts'
import { sendGood } from '../testing/send.ts'
import { openWorld, type Person } from '../testing/world.ts'

/** A request made bad. `names`: what a 422 must name; absent where no field is to blame. */
type Bad = { what: string; request: Request; raw?: string; type?: string; headers?: Record<string, string>; names?: { in: string; path: string }; only?: readonly number[]; /** a value the schema may allow */ mayPass?: boolean }

const samples = { string: 'words', number: 7, boolean: true, null: null, array: [], object: {} } as const
const levels = 20_000
const deepList = '['.repeat(levels) + ']'.repeat(levels)
const nearlyAll = 'x'.repeat((1 << 20) - 20_000) // the largest text that still is read: the body may hold 1 MiB
const marker = '"@@raw@@"'

test('bad input is refused by name, never with a 5xx, and writes nothing', async (t) => {
  const product = await startProduct(t)
  const operations = await readOperations(product)
  const world = await openWorld(t, product, new Set(operations.map((op) => op.path)))
  const rows = await openRows(world.sql)
  const other = { ...world.beta }
  let tried = 0
  let requests = 0
  for (const op of operations) {
    await t.test(op.id, async () => {
      const by = op.access === 'operator' ? world.ops : world.alpha.owner
      const make = () => prepare(op, { world, side: world.alpha, by, project: undefined })
      const caller = (own: Person | undefined) => (op.access === 'public' ? undefined : (own ?? by))
      const first = await make()
      const good = await sendGood(world, op, first, caller(first.own))
      assert.ok(good.status >= 200 && good.status < 300, `the good request ${op.method} ${urlOf(op, first)} ${JSON.stringify(first.body)} answered ${good.status}: ${good.text.slice(0, 500)}`)
      tried++
      if (op.stream) return t.diagnostic(`${op.id}: no bad parts are sent, since a stream refuses topics one by one, in frames; sse.test.ts and isolation-live.prove.ts try them`)

      const base = await make()
      const who = caller(base.own)
      if (who) await world.refresh(who, 60_000) // a sign-in of ours in between would be taken for something written
      await world.settled()
      const before = await rows.summary()
      const faults: string[] = []
      const list = [...badBodies(op, base, other), ...badParts(op, base)]
      requests += list.length
      const send = async (bad: Bad) => {
        const answer = await world.call(who, op.method, urlOf(op, bad.request), {
          ...(bad.raw !== undefined ? { raw: bad.raw } : bad.request.body === undefined ? {} : { raw: JSON.stringify(bad.request.body) }),
          headers: { ...base.headers, ...bad.headers, ...(bad.type ? { 'content-type': bad.type } : {}) },
        })
        const fault = judge(bad, answer)
        if (fault) faults.push(`${bad.what}: ${fault}: ${answer.text.slice(0, 300)}`)
      }
      await eachOf(list.filter((bad) => !bad.mayPass), 4, send)
      await world.settled()
      const after = await rows.summary()
      await eachOf(list.filter((bad) => bad.mayPass), 4, send)
      for (const table of Object.keys(after)) if (before[table] !== after[table]) faults.push(`something was written into ${table}`)
      assertNone(faults, `${op.method} ${op.path}: `)
    })
  }
  assert.equal(tried, operations.length, `${operations.length - tried} operations of ${operations.length} were not tried`)
  assert.equal(product.running, true, product.said)
  t.diagnostic(`${tried} operations, ${requests} bad requests`)
})

/** What is wrong with the answer, or undefined. */
function judge(bad: Bad, { status, body, headers }: Answer): string | undefined {
  if (status >= 500) return `answered ${status}`
  if (status < 400) return bad.mayPass ? undefined : `was accepted with ${status}`
  if (!/problem\+json/.test(headers.get('content-type') ?? '') || body?.status !== status || !body.code || !body.title || !body.requestId) return `${status} is no problem document`
  if (bad.only && !bad.only.includes(status)) return `answered ${status}, not ${bad.only.join(' or ')}`
  if (status !== 422) return undefined
  const named = (body.errors ?? []) as { in: string; path: string }[]
  if (!named.length && body.code !== 'request.invalid') return undefined // a link that is not valid names no field
  const { names } = bad
  if (!names) return named.length ? undefined : '422 names no field'
  const fits = (path: string) => path === names.path || path.startsWith(`${names.path}/`)
  return named.some((f) => f.in === names.in && fits(f.path)) ? undefined : `422 names ${JSON.stringify(named)}, not ${names.in}${names.path}`
}

function badBodies(op: Operation, good: Request, other: { id: string; owner: Person }): Bad[] {
  const say = (what: string, body: unknown, more: Partial<Bad> = {}): Bad => ({ what, request: { ...good, body }, ...more })
  if (!op.body) return op.method === 'GET' ? [] : [say('a body where none is taken', { unexpected: 1 }, { only: [422] })]
  const schema = op.body
  const whole: Bad[] = [
    { what: 'broken JSON', request: good, raw: '{"a": ', only: [400] },
    { what: 'a text that is no JSON', request: good, raw: 'name=value', type: 'application/x-www-form-urlencoded', only: [415] },
    { what: 'a prototype', request: good, raw: '{"__proto__": {"admin": true}}', only: [400, 422] },
    { what: 'a lone surrogate in a name', request: good, raw: '{"\\ud800": 1}', only: [422] },
    { what: 'more than a MiB', request: good, raw: JSON.stringify({ filler: 'x'.repeat(1 << 20) }), only: [413] },
    { what: 'deep JSON as the body', request: good, raw: deepList, only: [400, 422] },
    ...[[], 'text', 7, true, null].map((body) => say(`the body ${JSON.stringify(body)}`, body, { only: [422], names: { in: 'body', path: '' } })),
    ...(op.bodyRequired ? [{ what: 'no body', request: { params: good.params, query: good.query }, only: [422] }] : []),
    ...(isStrict(schema) ? [say('an unknown field', { ...(schema.maxProperties === undefined ? (good.body as object) : {}), unknownField: 1 }, { only: [422], names: { in: 'body', path: '/unknownField' } })] : []),
  ]
  return [...whole, ...placesIn(schema, good.body ?? {}).flatMap((place) => badValues(place, other).map(({ value, raw, ...more }) => {
    const body = place.with(raw === undefined ? value : '@@raw@@')
    return say(`${place.pointer} ${more.what}`, body, { names: { in: 'body', path: place.pointer }, ...more, what: `${place.pointer} ${more.what}`, ...(raw === undefined ? {} : { raw: JSON.stringify(body).replace(marker, raw) }) })
  })), ...placesIn(schema, good.body ?? {}).filter((p) => p.required).map((p) => say(`${p.pointer} missing`, p.without(), { only: [422], names: { in: 'body', path: p.pointer } }))]
}
const isStrict = (schema: Schema) => schema.type === 'object' && schema.additionalProperties === false

type BadValue = { what: string; value?: unknown; raw?: string; only?: readonly number[]; mayPass?: boolean }
function badValues({ pointer, schema }: Place, other: { id: string; owner: Person }): BadValue[] {
  const types = typesOf(schema)
  const found: BadValue[] = []
  if (types.size) for (const [type, value] of Object.entries(samples)) if (!types.has(type)) found.push({ what: `as ${type}`, value, only: [422] })
  if (!types.has('array') && types.size) found.push({ what: 'as deep JSON', raw: deepList, only: [400, 422] })
  if (types.has('object')) found.push({ what: 'as deep objects', raw: '{"a":'.repeat(levels) + '1' + '}'.repeat(levels), mayPass: !isStrict(schema) })
  if (types.has('array')) found.push({ what: 'as an endless list', value: Array.from({ length: 100_000 }, () => 0), only: [422] })
  if (types.has('number')) for (const raw of ['1e400', '1e308', '-1e308', '123456789012345678901234567890', '-9007199254740993']) found.push({ what: `as ${raw}`, raw, only: [422] })
  if (types.has('number')) found.push({ what: 'as 1.5', value: 1.5, only: [422] })
  if (schema.enum) found.push({ what: 'outside its list', value: 'no such choice', only: [422] })
  const text = textOf(schema)
  if (text) {
    found.push({ what: 'with NUL', value: 'a\0b', only: [422] }, { what: 'with a lone surrogate', value: 'a\ud800b', only: [422] }, { what: 'with the other surrogate', value: '\udfff', only: [422] })
    found.push({ what: 'of 1 MB', value: nearlyAll, only: [413, 422] })
    if (text.format === 'uuid') found.push({ what: 'as no id', value: 'not-an-id', only: [422] }, { what: 'as nobody\'s id', value: newId() }, { what: 'as another tenant\'s id', value: /tenant/i.test(pointer) ? other.id : other.owner.id })
    if (text.format === 'date-time') for (const value of ['2030-02-31T00:00:00Z', '0000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', 'tomorrow', '2030-01-01']) found.push({ what: `as ${value}`, value, only: [422] })
    if (text.format === 'email') for (const value of ['nobody', '@', 'a@b\nc: d@e.test']) found.push({ what: `as ${JSON.stringify(value)}`, value, only: [422] })
    if (text.minLength) found.push({ what: 'empty', value: '', only: [422] })
  }
  return found
}

/** Path, query and headers. */
function badParts(op: Operation, good: Request): Bad[] {
  const param = (name: string, value: string, more: Partial<Bad> = {}): Bad => ({ what: `path ${name} as ${value.slice(0, 40)}`, request: { ...good, params: { ...good.params, [name]: value } }, ...more })
  const query = (name: string, value: string, more: Partial<Bad> = {}): Bad => ({ what: `query ${name} as ${value.slice(0, 40)}`, request: { ...good, query: { ...good.query, [name]: value } }, names: { in: 'query', path: `/${name}` }, ...more })
  const list: Bad[] = [query('unknownParameter', '1', { only: [422] })]
  for (const { name, schema } of op.params) {
    if (schema.format === 'uuid') for (const value of ['1', 'not-an-id', '00000000-0000-0000-0000-00000000000g', '%00', `${newId()}x`]) list.push(param(name, value, { only: [422], names: { in: 'params', path: `/${name}` } }))
    if (schema.format === 'uuid') list.push(param(name, newId(), { only: [404] }), param(name, '00000000-0000-0000-0000-000000000000', { only: [404] }))
    list.push(param(name, 'a\0b', { only: [404, 422] }), param(name, 'x'.repeat(150), { only: [404, 414, 422] }), param(name, 'x'.repeat(5000), { only: [404, 414, 422] }), param(name, '../../etc', { only: [404, 422] }))
  }
  for (const { name, schema } of op.query) {
    const types = typesOf(schema)
    if (types.has('number')) for (const value of ['abc', '', '1.5', '-1', '1e400', '99999999999999999999']) list.push(query(name, value, { only: [422] }))
    if (types.has('boolean')) list.push(query(name, 'perhaps', { only: [422] }))
    if (schema.enum) list.push(query(name, 'no such choice', { only: [422] }))
    const text = textOf(schema)
    if (!text) continue
    list.push(query(name, 'a\0b', { only: [422] }), query(name, 'x'.repeat(12_000), { only: [414, 422, 431] }))
    if (name === 'after') for (const value of ['garbage', 'W10', Buffer.from('[{}]').toString('base64url'), Buffer.from('["infinity","x","y","z"]').toString('base64url')]) list.push(query(name, value, { only: [422] }))
    if (text.format === 'uuid') list.push(query(name, 'not-an-id', { only: [422] }), query(name, newId(), { mayPass: true }))
    if (text.format === 'date-time' || text.format === 'date') for (const value of ['tomorrow', '2030-02-31T00:00:00Z', '2030-02-31']) list.push(query(name, value, { only: [422] }))
  }
  if (op.idempotent) for (const key of ['x'.repeat(300), 'a b', '\u00e9']) list.push({ what: `Idempotency-Key ${key.slice(0, 9)}`, request: good, headers: { 'idempotency-key': key }, only: [422], names: { in: 'headers', path: '/idempotency-key' } })
  return list
}

async function eachOf<T>(list: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < list.length) await work(list[next++]!)
  }))
}
