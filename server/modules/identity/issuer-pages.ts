// What an issuer shows a person on the way: the code of a device, leaving, what went wrong. Plain HTML in the manner of the sign-in pages.
import type { Client, ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import { plainPolicy } from '../../kernel/site.ts'
import { html, pageOf, type Page, type PageBrand } from './page-html.ts'

/** @param brandNow whose pages they are, and how those look at this moment */
export function createIssuerPages(brandNow: () => Promise<PageBrand>) {
  async function show(ctx: KoaContextWithOIDC, page: Page | ((brand: PageBrand) => Page), formTargets = ''): Promise<void> {
    const brand = await brandNow()
    ctx.type = 'html'
    ctx.set('content-security-policy', plainPolicy(formTargets))
    ctx.set('cache-control', 'no-store')
    ctx.body = pageOf({ ...(typeof page === 'function' ? page(brand) : page), brand })
  }
  const secretOf = (ctx: KoaContextWithOIDC) => (ctx.oidc.session as unknown as { state?: { secret?: string } } | undefined)?.state?.secret ?? ''
  const hidden = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
  const nameOf = (client: Pick<Client, 'clientName' | 'clientId'> | undefined) => client?.clientName ?? client?.clientId ?? 'the application'

  return {
    /** For a browser that came to an endpoint with a request it cannot go on with. Nothing of the request but its names is shown. */
    error(ctx: KoaContextWithOIDC, out: ErrorOut): Promise<void> {
      return show(ctx, (brand) => ({
        title: 'This request cannot go on', lead: leads[out.error] ?? 'The application asked for something it may not have. Go back and try again, or tell whoever runs it.',
        body: html`<dl class="facts"><dt>Code</dt><dd><code>${out.error}</code></dd>${out.error_description !== undefined && html`<dt>Reason</dt><dd>${out.error_description}</dd>`}</dl>`, foot: html`<a href="/">Go to ${brand.name}</a>`,
      }))
    },
    codeInput(ctx: KoaContextWithOIDC, _form: string, out?: ErrorOut, err?: { userCode?: string; name?: string }): Promise<void> {
      const faults: Record<string, string> = {
        NotFoundError: 'There is no such code. Look at the device again.', ExpiredError: 'The code has expired. Ask the device for a new one.',
        AlreadyUsedError: 'This code was used already. Ask the device for a new one.', AbortedError: 'Nothing was allowed.', NoCodeError: 'Type the code that the device shows.',
      }
      const fault = err ? (faults[err.name ?? ''] ?? sentence(out?.error_description ?? 'that did not work')) : undefined
      return show(ctx, {
        title: 'Connect a device', lead: 'Type the code that the device shows.',
        body: html`<form method="post" action="${ctx.oidc.urlFor('code_verification')}">${hidden({ xsrf: secretOf(ctx) })}
<div class="field"><div class="label"><label for="user_code">Code</label></div>
<input id="user_code" name="user_code" class="code" type="text" required maxlength="20" autocomplete="off" autocapitalize="characters" spellcheck="false" autofocus${fault !== undefined && html` aria-invalid="true" aria-describedby="user_code-fault"`}${err?.userCode !== undefined && html` value="${err.userCode}"`}>
${fault !== undefined && html`<p class="fault" id="user_code-fault" role="alert">${fault}</p>`}</div>
<button type="submit">Go on</button></form>`,
      })
    },
    codeConfirm(ctx: KoaContextWithOIDC, _form: string, client: Client, _device: unknown, userCode: string): Promise<void> {
      return show(ctx, {
        title: 'Is this your device?', lead: `${nameOf(client)} shows this code. Go on only if you see it on a device you hold.`,
        body: html`<p class="code" aria-label="code">${userCode}</p>
<form method="post" action="${ctx.oidc.urlFor('code_verification')}">${hidden({ xsrf: secretOf(ctx), user_code: userCode, confirm: 'yes' })}
<button type="submit" autofocus>It is mine, go on</button>
<button type="submit" class="quiet" name="abort" value="yes">It is not</button></form>`,
      })
    },
    deviceDone(ctx: KoaContextWithOIDC): Promise<void> {
      return show(ctx, { title: 'The device is connected', lead: `${nameOf(ctx.oidc.client)} goes on by itself. You can close this page.` })
    },
    /** Leaving an application may mean leaving here too: both are offered. */
    signOut(ctx: KoaContextWithOIDC): Promise<void> {
      const { state } = ctx.oidc.session as unknown as { state?: { postLogoutRedirectUri?: string } }
      const target = state?.postLogoutRedirectUri
      return show(ctx, (brand) => ({
        title: 'Sign out?', lead: `${ctx.oidc.client ? nameOf(ctx.oidc.client) : 'An application'} asks to end your sign-on at ${brand.name} in this browser.`,
        body: html`<form method="post" action="${ctx.oidc.urlFor('end_session_confirm')}">${hidden({ xsrf: secretOf(ctx) })}
<button type="submit" name="logout" value="yes" autofocus>Sign out</button>
<button type="submit" class="quiet">Stay signed in</button></form>`,
      }), target && URL.canParse(target) ? formTargetOf(target) : '')
    },
    signedOut(ctx: KoaContextWithOIDC): Promise<void> {
      return show(ctx, (brand) => ({ title: 'You are signed out', lead: `${ctx.oidc.client ? nameOf(ctx.oidc.client) : brand.name} has forgotten you in this browser.`, foot: html`<a href="/login">Sign in again</a>` }))
    },
  }
}

/** For the person; the reason stands below, for whoever runs the application. */
const leads: Record<string, string> = {
  invalid_redirect_uri: 'The application wants you sent to an address that it has not registered. Nothing was sent there; tell whoever runs it.',
  invalid_client: 'The application is not known here. Perhaps it was removed.',
}

/** What `form-action` must name for a form whose answer leads to this address: browsers judge redirects too. */
export function formTargetOf(uri: string): string {
  const { origin, protocol } = new URL(uri)
  return origin === 'null' ? protocol : origin
}
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
