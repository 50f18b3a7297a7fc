// Text that people wrote: links, `code` and mentions are shown as such, everything else stays text. No HTML is ever made from it.
import { Fragment } from 'react'

const pieces = /(https?:\/\/[^\s<>"')\]]+|`[^`\n]+`|@\[[^\]\n]+\]\(user:[0-9a-f-]{36}\))/g

export function Prose({ text }: { text: string }) {
  return (
    <>
      {text.split(pieces).map((piece, at) => {
        if (!(at % 2)) return <Fragment key={at}>{piece}</Fragment>
        if (piece.startsWith('@'))
          return (
            <span key={at} className="mention">
              {piece.slice(0, piece.indexOf(']')).replace('[', '')}
            </span>
          )
        if (piece.startsWith('`')) return <code key={at}>{piece.slice(1, -1)}</code>
        return (
          <a key={at} className="link" href={piece} target="_blank" rel="noreferrer noopener" onClick={(event) => event.stopPropagation()}>
            {piece}
          </a>
        )
      })}
    </>
  )
}
