// What every Mail adapter promises.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../kernel/ids.ts'
import type { Letter, Mail } from '../kernel/ports.ts'

/** A letter as its reader would see it. `id` is the same for a letter sent twice under one key. */
export type Received = { to: string; from: string; subject: string; text: string; html: string | undefined; id: string }
type Options = { skip?: string | false; /** the sender is `Grüße <no-reply@example.com>` */ open: (t: TestContext) => Promise<{ mail: Mail; received(): Received[] | Promise<Received[]> }> }

const letter = (more: Partial<Letter> = {}): Letter => ({ to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada', key: newId(), ...more })

/** `open` gives a fresh adapter to each test; the contract closes it. */
export function mailContract(name: string, { skip, open }: Options): void {
  const contract = (what: string, check: (opened: Awaited<ReturnType<Options['open']>>) => Promise<void>) =>
    test(`${name}: ${what}`, { skip: skip ?? false }, async (t) => {
      const opened = await open(t)
      t.after(() => opened.mail.close())
      await check(opened)
    })

  contract('a letter arrives as it was written, in any script', async ({ mail, received }) => {
    const subject = `Größe 漢字 🚢 "quoted" =?utf-8?q?no?= ${'long '.repeat(60)}end`
    const text = `Grüße 漢字 🚢\n\n.\n.dot\nFrom here\n${'é'.repeat(3_000)}\n`
    const html = `<p>Grüße &amp; 漢字 🚢 ${'x'.repeat(2_000)}</p>`
    await mail.send(letter({ subject, text, html }))
    const [got, ...more] = await received()
    assert.equal(more.length, 0)
    assert.deepEqual([got!.to, got!.from, got!.subject], ['ada@example.com', 'Grüße <no-reply@example.com>', subject])
    assert.deepEqual([got!.text.replaceAll('\r\n', '\n').trimEnd(), got!.html?.trimEnd()], [text.trimEnd(), html])
  })

  contract('a letter without HTML has none', async ({ mail, received }) => {
    await mail.send(letter())
    assert.equal((await received())[0]!.html, undefined)
  })

  contract('a letter sent again under its key can be told from another letter', async ({ mail, received }) => {
    const key = newId()
    for (const one of [letter({ key }), letter({ key }), letter(), letter({ key: 'verify:ada@example.com:1' })]) await mail.send(one)
    const ids = (await received()).map(({ id }) => id)
    const others = ids.filter((id) => id !== ids[0])
    assert.equal(new Set(others).size, 2)
    assert.ok(ids.length - others.length >= 1 && ids.every(Boolean))
    assert.ok(!ids.join().includes('ada@'))
  })

  contract('nothing can be smuggled into headers or recipients', async ({ mail, received }) => {
    const bad: Partial<Letter>[] = [
      ...['a@example.com\r\nBcc: b@example.com', 'a@example.com\nX: y', 'a@example.com, b@example.com', 'a@example.com b@example.com', 'a@example.com;b@example.com', '<a@example.com>',
        'Name <a@example.com>', '"a, b"@example.com', 'a', '@example.com', 'a@', '', 'a@b@c', 'a\u0000@example.com', `${'a'.repeat(400)}@example.com`].map((to) => ({ to })),
      ...['Hi\r\nBcc: b@example.com', 'Hi\nX: y', 'Hi\rX: y', 'Hi\u0000', 'Hi\u2028there'].map((subject) => ({ subject })),
      ...['', 'a\r\nX: y', 'x'.repeat(501)].map((key) => ({ key })),
    ]
    for (const one of bad) await assert.rejects(mail.send(letter(one)), { name: 'MailError', permanent: true }, JSON.stringify(one))
    assert.equal((await received()).length, 0)
    await mail.send(letter({ text: 'Hi\r\n.\r\nMAIL FROM:<evil@example.com>\r\n', html: '<p>\r\n.\r\nQUIT\r\n</p>' }))
    assert.equal((await received()).length, 1)
  })

  contract('after it is closed nothing is sent', async ({ mail, received }) => {
    await mail.close()
    await assert.rejects(mail.send(letter()), /shutting down/)
    await mail.close()
    assert.equal((await received()).length, 0)
  })
}
