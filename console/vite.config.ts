// A build that a strict CSP accepts: a nonce placeholder in the page, nothing inlined as data:, no preload polyfill; .br and .gz beside each asset.
// The server replaces __CSP_NONCE__ per request and serves the compressed twins, so that no request pays for compression.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))
const outDir = fileURLToPath(new URL('../dist/console', import.meta.url))

const precompress: Plugin = {
  name: 'precompress',
  apply: 'build',
  closeBundle() {
    for (const file of readdirSync(`${outDir}/assets`)) {
      if (!/\.(js|css|svg)$/.test(file)) continue
      const path = `${outDir}/assets/${file}`
      const raw = readFileSync(path)
      writeFileSync(`${path}.gz`, gzipSync(raw, { level: 9 }))
      writeFileSync(`${path}.br`, brotliCompressSync(raw))
    }
  },
}

export default defineConfig({
  root,
  base: '/',
  html: { cspNonce: '__CSP_NONCE__' },
  plugins: [react(), precompress],
  resolve: { alias: { '@lingui/message-utils/compileMessage': `${root}no-compiler.ts` } },
  build: {
    outDir,
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: 'es2023',
    // the icons in one file: on their own they are dozens of files of a hundred bytes, each with its imports
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'icons', test: /node_modules[\\/]lucide-react/ }] } } },
  },
})
