// Lists that come in pages: one read that knows how to go on, and the button that does.
import { Button } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { get } from '../api.ts'
import type { Page } from '../things.ts'
import { t } from '../words.ts'

type Query = Record<string, string | number | boolean | null | undefined>
type Options = { enabled?: boolean; refetchInterval?: number; keepPrevious?: boolean }

/** The pages of `path` read so far, as one list. `keepPrevious` shows the rows of the query before until the next are there. */
export function usePages<Item>(queryKey: [operation: string, parameters?: object], path: string, query: Query = {}, { keepPrevious, ...options }: Options = {}) {
  const read = useInfiniteQuery({
    queryKey,
    queryFn: ({ signal, pageParam }) => get<Page<Item>>(path, { ...query, limit: 50, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPrevious ? keepPreviousData : undefined,
    ...options,
  })
  return { ...read, data: read.data?.pages.flatMap((page) => page.items) }
}

type Paged = { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }

/** Reads the next page; nothing when there is none. */
export function More({ of, children = t('Show more') }: { of: Paged; children?: ReactNode }) {
  if (!of.hasNextPage) return null
  return (
    <div className="more">
      <Button variant="default" loading={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        {children}
      </Button>
    </div>
  )
}
