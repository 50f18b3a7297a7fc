-- Notices: what a tenant's people must hear of that is no task and no project (a limit is near, a webhook was switched off). Runs as gw_owner.
-- Their words name no person: they stand in clear.
alter table notifications drop constraint notifications_kind_check;
alter table notifications add constraint notifications_kind_check check (kind in ('assigned', 'mentioned', 'watched', 'due', 'invited', 'notice'));
alter table notifications add column title text check (length(title) between 1 and 200), add column link text check (link ~ '^/' and length(link) <= 500);
alter table notifications add constraint notices_have_words check ((kind = 'notice') = (title is not null));
