import { Link } from '@tanstack/react-router'
import { Head } from '../../parts/head.tsx'
import { Loaded, RowSkeletons } from '../../parts/states.tsx'
import { t } from '../../words.ts'
import { useTemplates } from './reads.ts'

export function Templates() {
  const templates = useTemplates()
  return (
    <>
      <Head title={t('Templates')} before={<Link to="/workflows">{t('Workflows')}</Link>} />
      <div className="body">
        <Loaded of={templates} what={t('The templates could not be read')} skeleton={<RowSkeletons />}>
          {(all) => (
            <ul className="rows">
              {all.map((template) => (
                <li key={template.id} className="line">
                  {template.name}
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </div>
    </>
  )
}
