-- What people are told of, and what the operators' lists are found by. Runs as gw_owner.
create table notifications (
  tenant_id uuid not null, id uuid not null, person_id uuid not null,
  kind text not null check (kind in ('assigned', 'mentioned', 'watched', 'due', 'invited')),
  source text not null, -- the event, or the date, it follows from: the same again tells nobody twice
  project_id uuid, task_id uuid, comment_id uuid, actor_id uuid,
  shown boolean not null default true, -- false: only for mail or digest, as its person prefers
  read_at timestamptz, version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), unique (tenant_id, person_id, source),
  foreign key (tenant_id, person_id) references identity."member" ("organizationId", "userId") on delete cascade -- ends with the membership
);
create index notifications_listed on notifications (tenant_id, person_id, id);
create index notifications_unread on notifications (tenant_id, person_id, id) where read_at is null;
select apply_tenancy('notifications', 'select, insert, update');
-- Everybody's are their own. A reader or a job of the tenant acts for nobody and sees them all.
create policy own on notifications as restrictive to gw_app
  using ((select nullif(current_setting('app.actor'), '')::uuid) is null or person_id = (select nullif(current_setting('app.actor'), '')::uuid))
  with check ((select nullif(current_setting('app.actor'), '')::uuid) is null or person_id = (select nullif(current_setting('app.actor'), '')::uuid));

/* What people chose to be told by which channel. Preferences are closed to gw_app: this answers a reader or a job of a tenant, which acts for
   nobody, or a person about themselves, and only about people of that tenant. */
create policy channels on identity."member" for select to gw_owner using ("organizationId" = (select current_setting('app.tenant')::uuid));
create function notification_channels(people uuid[]) returns table (person_id uuid, notifications jsonb)
language sql stable security definer set search_path = identity, pg_temp set row_security = on as $$
  select p.user_id, p.notifications from preferences p
  where p.user_id = any (people) and current_setting('app.tenant')::uuid <> '00000000-0000-0000-0000-000000000000'
    and coalesce(nullif(current_setting('app.actor'), '')::uuid, p.user_id) = p.user_id
    and exists (select from "member" m where m."organizationId" = current_setting('app.tenant')::uuid and m."userId" = p.user_id)
$$;
revoke execute on function notification_channels(uuid[]) from public;
grant execute on function notification_channels(uuid[]) to gw_app;

-- Operators list jobs of all tenants, newest first.
drop index jobs_listed;
create index jobs_listed on jobs (id);
comment on index jobs_listed is 'not by tenant: the list of jobs is the operators''';
