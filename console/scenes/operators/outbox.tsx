import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ChevronDown, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { getAll, post } from '../../api.ts'
import { Head } from '../../parts/head.tsx'
import { Prose } from '../../parts/prose.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { sayProblem } from '../../parts/toasts.tsx'
import type { OutboxMail } from '../../things.ts'
import { t } from '../../words.ts'
import './operators.css'

/** Mail that went nowhere because no SMTP server is set: read here what would have been sent. */
export function Outbox() {
  const mails = useQuery({ queryKey: ['outbox.list'], queryFn: ({ signal }) => getAll<OutboxMail>('/outbox', {}, signal, 200), refetchInterval: 5000 })
  return (
    <>
      <Head title={t('Outbox')} />
      <div className="body">
        <div className="pad">
          <p className="dim measure" style={{ marginBottom: 16 }}>
            {t('Without SMTP_URL no mail leaves this server: it is kept here for operators. Links are masked until one reveals them, and revealing is written to the log.')}
          </p>
          <div className="box">
            <Loaded of={mails} what={t('The outbox could not be read')} skeleton={<RowSkeletons count={6} h={52} />}>
              {(all) =>
                all.length ? (
                  <ul className="rows">
                    {all.map((mail) => (
                      <Letter key={mail.id} mail={mail} />
                    ))}
                  </ul>
                ) : (
                  <Empty title={t('No mail yet')} art={<span />}>
                    {t('Invitations, verifications and digests appear here. Invite somebody to see the first one.')}
                  </Empty>
                )
              }
            </Loaded>
          </div>
        </div>
      </div>
    </>
  )
}

function Letter({ mail }: { mail: OutboxMail }) {
  const [open, setOpen] = useState(false)
  const [text, setText] = useState<string | null>(null)
  const reveal = async () => {
    try {
      setText((await post<OutboxMail>(`/outbox/${mail.id}/reveal`)).text ?? '')
    } catch (error) {
      sayProblem(error, t('The links were not revealed.'))
    }
  }
  return (
    <li>
      <button type="button" className="plain line" style={{ minHeight: 48 }} aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? <ChevronDown size={14} aria-hidden="true" /> : <ChevronRight size={14} aria-hidden="true" />}
        <span className="grow" style={{ minWidth: 0 }}>
          <span className="truncate" style={{ display: 'block', fontWeight: 500 }}>
            {mail.subject ?? t('Its key was destroyed')}
          </span>
          <span className="meta truncate" style={{ display: 'block' }}>
            {mail.to} {mail.error && <span className="due" data-late>{mail.error}</span>}
          </span>
        </span>
        <span className="meta">
          <Time at={mail.createdAt} />
        </span>
      </button>
      {open && (
        <>
          <div className="letter">
            <Prose text={text ?? mail.text ?? t('Nothing can be shown: the key of its tenant is gone.')} />
          </div>
          {text === null && !mail.sealed && (
            <div style={{ padding: '8px 12px' }}>
              <Button size="compact-sm" variant="default" onClick={() => void reveal()}>
                {t('Reveal the links')}
              </Button>
            </div>
          )}
        </>
      )}
    </li>
  )
}
