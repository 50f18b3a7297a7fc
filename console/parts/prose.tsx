// Text that people wrote: links, `code` and mentions are shown as such, everything else stays text. No HTML is ever made from it.
import { Fragment } from 'react'
import { useMembers } from '../reads.ts'

const pieces = /(https?:\/\/[^\s<>"')\]]+|`[^`\n]+`)/g
const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

export function Prose({ text }: { text: string }) {
  const names = (useMembers().data ?? []).map((member) => member.name)
  const mention = names.length ? new RegExp(`(@(?:${names.map(escape).join('|')}))(?![\\p{L}\\d])`, 'gu') : null
  return (
    <>
      {text.split(pieces).map((piece, at) => {
        if (/^https?:\/\//.test(piece))
          return (
            <a key={at} className="link" href={piece} target="_blank" rel="noreferrer noopener" onClick={(event) => event.stopPropagation()}>
              {piece}
            </a>
          )
        if (piece.length > 2 && piece.startsWith('`') && piece.endsWith('`')) return <code key={at}>{piece.slice(1, -1)}</code>
        if (!mention) return <Fragment key={at}>{piece}</Fragment>
        return piece.split(mention).map((part, index) =>
          index % 2 ? (
            <span key={`${at} ${index}`} className="mention">
              {part}
            </span>
          ) : (
            <Fragment key={`${at} ${index}`}>{part}</Fragment>
          ),
        )
      })}
    </>
  )
}
