// A browser without script: keeps cookies, fills the forms it is shown.
import type { Answered, TestIdentity } from './identity.ts'

export function browser(i: Pick<TestIdentity, 'call'>) {
  const jar = new Map<string, string>()
  const keep = (answer: Answered) => {
    for (const line of answer.cookies) {
      const [pair] = line.split(';')
      const at = pair!.indexOf('=')
      if (/max-age=0/i.test(line)) jar.delete(pair!.slice(0, at))
      else jar.set(pair!.slice(0, at), pair!.slice(at + 1))
    }
    return answer
  }
  const cookie = () => ({ cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') })
  const own = { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }
  return {
    jar,
    get: async (path: string) => keep(await i.call('GET', path, { headers: { accept: 'text/html', ...cookie() } })),
    /** Submits the form of the page as it stands there, with what a person types. */
    submit: async (page: Answered, typed: Record<string, string>, headers: Record<string, string> = own) => {
      const text = page.body as string
      const hidden = Object.fromEntries([...text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map((m) => [m[1]!, m[2]!]))
      return keep(await i.call('POST', /<form method="post" action="([^"]+)"/.exec(text)![1]!, { form: { ...hidden, ...typed }, headers: { ...headers, ...cookie() } }))
    },
    post: async (path: string, headers: Record<string, string> = own) => keep(await i.call('POST', path, { headers: { ...headers, ...cookie() } })),
  }
}
