import './mantine.css'
import './app.css'
import './parts/parts.css'
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { createRoot } from 'react-dom/client'
import { startSession } from './api.ts'
import { makeCache } from './cache.ts'
import { makeRouter } from './router.tsx'
import { onSession, session } from './session.ts'
import { cssVariablesResolver, theme } from './theme.ts'
import { startWords } from './words.ts'

// The policy allows styles with this page's nonce only: Mantine needs it for its variables, get-nonce hands it to the scroll lock of dialogs.
const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? ''
setNonce(nonce)
startWords()

// The pages for people without a session must not ask for one.
const open = /^\/(setup|signup)(\/|$)/.test(location.pathname)
if (!open) void startSession()

// A tab that is older than the server's console asks for chunks that are gone: the new page has them. Once, so that a broken server makes no loop; and
// only while the server answers: one that is away has no newer page, and loading it would lose this one.
window.addEventListener('vite:preloadError', () => {
  const key = 'groundwork.reloaded'
  const last = Number(sessionStorage.getItem(key) ?? 0)
  if (Date.now() - last < 30_000) return
  const reload = ({ ok }: Response) => {
    if (!ok) return
    sessionStorage.setItem(key, String(Date.now()))
    location.reload()
  }
  void fetch('/health', { cache: 'no-store' }).then(reload, () => undefined)
})

// A page that the browser kept while its person signed out is drawn anew.
window.addEventListener('pageshow', (event) => event.persisted && location.reload())

const cache = makeCache()
const router = makeRouter(cache)

// What one person in one team has read is nothing for another.
let who = ''
onSession(() => {
  const now = session()
  if (now.state !== 'in') return
  const next = `${now.user.id} ${now.tenant?.id}`
  if (who && who !== next) cache.clear()
  who = next
})

createRoot(document.getElementById('root')!).render(
  <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver} defaultColorScheme="auto" getStyleNonce={() => nonce}>
    <QueryClientProvider client={cache}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </MantineProvider>,
)
