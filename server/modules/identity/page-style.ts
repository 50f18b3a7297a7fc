/** The console's colours and measures, for pages that must not depend on its build. Both schemes are designed, none is the other inverted. */
export const pageStyle = `
:root { color-scheme: light dark; --app: #f5f6f8; --surface: #fff; --line: #e5e8ed; --line-strong: #b9c0ca; --text: #1c222b; --dim: #545d6b; --accent: #0f6472; --accent-hover: #0c5561; --on-accent: #fff;
  --danger: #b3261e; --danger-soft: #fcebea; --positive: #16653a; --positive-soft: #e3f3e9; --lift: 0 1px 2px rgb(20 26 34 / 5%), 0 8px 24px rgb(20 26 34 / 6%) }
@media (prefers-color-scheme: dark) {
  :root { --app: #0d1014; --surface: #13171c; --line: #232932; --line-strong: #4a5463; --text: #e3e6ec; --dim: #a2abb9; --accent: #79c4d1; --accent-hover: #93d1dc; --on-accent: #0b2b31;
    --danger: #f2938c; --danger-soft: #3a1a19; --positive: #7fd0a0; --positive-soft: #14301f; --lift: 0 1px 2px rgb(0 0 0 / 30%), 0 12px 32px rgb(0 0 0 / 30%) }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center; padding: 24px 16px; background: var(--app); color: var(--text);
  font: 400 14px/1.45 'Inter Variable', Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; -webkit-font-smoothing: antialiased }
main { width: min(400px, 100%) }
.wordmark { display: flex; align-items: center; gap: 10px; margin: 0 0 20px; font-size: 16px; font-weight: 600; letter-spacing: -0.015em }
.mark { color: var(--accent) }
.logo { height: 28px; max-width: 140px; object-fit: contain }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 24px; box-shadow: var(--lift) }
h1 { margin: 0; font-size: 20px; line-height: 28px; font-weight: 600; letter-spacing: -0.012em }
.lead { margin: 4px 0 0; color: var(--dim) }
[hidden] { display: none !important }
form { display: grid; gap: 16px; margin-top: 20px }
.field { display: grid; gap: 6px }
.label { display: flex; justify-content: space-between; align-items: baseline; gap: 12px }
label { font-weight: 500 }
.label a { font-size: 13px }
input:not([type=hidden]) { width: 100%; height: 40px; padding: 0 12px; font: inherit; font-size: 16px; color: inherit; background: var(--app); border: 1px solid var(--line-strong); border-radius: 6px }
textarea { width: 100%; padding: 8px 12px; font: 400 13px/1.45 ui-monospace, monospace; color: inherit; background: var(--app); border: 1px solid var(--line-strong); border-radius: 6px; resize: vertical }
:is(input, textarea)[aria-invalid] { border-color: var(--danger) }
button { height: 40px; padding: 0 16px; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0; border-radius: 6px; cursor: pointer; transition: background-color 120ms ease-out }
.other { margin-top: 12px }
.offers { display: grid; gap: 8px; margin-top: 16px; padding-top: 16px; border-top: 1px solid var(--line) }
.offers.first { padding-top: 0; border: 0 }
.offers a { display: grid; place-items: center; height: 40px; font-weight: 600; text-decoration: none; color: var(--text); border: 1px solid var(--line-strong); border-radius: 6px }
.offers a:hover { background: var(--app) }
.step { margin-top: 24px; padding: 16px 0 0; border: 0; border-top: 1px solid var(--line); border-radius: 0; box-shadow: none }
.card { margin-top: 12px; padding: 12px; border: 1px solid var(--line); border-radius: 8px }
.card p { margin: 0 }
h2 { display: flex; justify-content: space-between; margin: 0; font-size: 16px; line-height: 24px; font-weight: 600 }
.state { font-size: 13px; font-weight: 400; color: var(--dim) }
button:hover { background: var(--accent-hover) }
button.quiet { color: var(--text); background: transparent; border: 1px solid var(--line-strong) }
button.quiet:hover { background: var(--app) }
button + button { margin-top: -6px }
.code { font: 600 22px/1.4 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; letter-spacing: 0.08em; text-align: center }
p.code { margin: 20px 0 0; padding: 10px; background: var(--app); border: 1px solid var(--line); border-radius: 8px }
input.code:not([type=hidden]) { font: 600 20px/1.4 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; text-transform: uppercase }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 20px 0 0 }
.facts dt { color: var(--dim) }
.facts dd { margin: 0; overflow-wrap: anywhere }
.asks { display: grid; gap: 10px; margin: 20px 0 0; padding: 0; list-style: none }
.asks li { padding-left: 14px; border-left: 2px solid var(--accent) }
.asks b { display: block; font-weight: 600 }
.asks span { color: var(--dim) }
.who { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 12px; margin: 16px 0 0; color: var(--dim); font-size: 13px }
a { color: var(--accent); text-underline-offset: 3px; text-decoration-color: color-mix(in srgb, currentColor 40%, transparent) }
a:hover { text-decoration-color: currentColor }
:is(input, button, a):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px }
.hint { margin: 0; font-size: 13px; color: var(--dim) }
.fault { margin: 0; font-size: 13px; color: var(--danger) }
.banner, .notice { margin: 0; padding: 10px 12px; border-radius: 8px; color: var(--danger); background: var(--danger-soft) }
.notice { margin-top: 20px; color: var(--positive); background: var(--positive-soft) }
.foot { margin: 16px 0 0; text-align: center; color: var(--dim) }
@media (pointer: coarse) { input:not([type=hidden]), button { height: 44px } .label a, .foot a { padding: 8px 0 } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important } }
`
