-- The kernel: one function that puts tenancy on a table, the event log, readers, jobs, keys, mail, answers kept for Idempotency-Key.
-- Runs as gw_owner. The roles gw_app, gw_system, gw_identity, gw_backup exist before (adapters/database-*.ts makes them).
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
grant usage on schema public to gw_app, gw_system, gw_identity;

/* uuid version 7 (RFC 9562) where PostgreSQL has none (below 18). */
create function uuid7() returns uuid language sql volatile as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;

/* Refuses inside a flush: state is ZH and an HTTP status, message is code and detail of the problem. */
create function refuse(state text, code text, detail text) returns boolean language plpgsql as $$
begin raise exception using errcode = state, message = code || ': ' || detail; end $$;

/* created_at and updated_at (S0.23). gw_system may date rows back (seed, imports); nobody else chooses a time. */
create function touch() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if current_user <> 'gw_system' or new.created_at is null then new.created_at := now(); end if;
    if current_user <> 'gw_system' or new.updated_at is null then new.updated_at := new.created_at; end if;
  else
    new.created_at := old.created_at;
    if current_user <> 'gw_system' or new.updated_at is not distinct from old.updated_at then new.updated_at := now(); end if;
  end if;
  return new;
end $$;
/* The same for tables with a version, which is what ETag and If-Match compare. */
create function touch_version() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if current_user <> 'gw_system' or new.created_at is null then new.created_at := now(); end if;
    if current_user <> 'gw_system' or new.updated_at is null then new.updated_at := new.created_at; end if;
  else
    new.created_at := old.created_at;
    new.version := old.version + 1;
    if current_user <> 'gw_system' or new.updated_at is not distinct from old.updated_at then new.updated_at := now(); end if;
  end if;
  return new;
end $$;

/* Row security, policies, key, times and grants of a tenant table. Ends in an error when the table cannot be isolated.
   current_setting without missing_ok: a forgotten context is error 42704 or 22P02, never an empty answer. */
create function apply_tenancy(t regclass, rights text default 'select, insert, update, delete') returns void language plpgsql as $$
declare columns text[] := (select array_agg(attname::text) from pg_attribute where attrelid = t and attnum > 0 and not attisdropped);
begin
  if not exists (select from pg_attribute where attrelid = t and attname = 'tenant_id' and attnotnull and atttypid = 'uuid'::regtype) then
    raise 'table % needs tenant_id uuid not null', t;
  end if;
  if not exists (select from pg_index where indrelid = t and indisprimary) then execute format('alter table %s add primary key (tenant_id, id)', t); end if;
  if columns @> '{created_at,updated_at}' then
    execute format('create trigger touch before insert or update on %s for each row execute function %s()', t, case when 'version' = any (columns) then 'touch_version' else 'touch' end);
  end if;
  execute format('alter table %s alter tenant_id set default current_setting(''app.tenant'')::uuid', t);
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('create policy tenant on %s to gw_app using (tenant_id = (select current_setting(''app.tenant'')::uuid)) with check (tenant_id = (select current_setting(''app.tenant'')::uuid))', t);
  execute format('create policy system on %s to gw_system using (true) with check (true)', t);
  execute format('grant %s on %s to gw_app', rights, t);
  execute format('grant select, insert, update, delete on %s to gw_system', t);
  if exists (select from tenancy_faults() f where f.object = t::text) then raise 'table %: %', t, (select string_agg(fault, '; ') from tenancy_faults() f where f.object = t::text); end if;
end $$;

/* What the check lists; must be empty. A table without tenants says so in its comment: "no tenant: reason". */
create function tenancy_faults() returns table (object text, fault text) stable language sql as $$
  with t as (select oid, relname, relkind, relispartition, relrowsecurity, relforcerowsecurity, reloptions, oid::regclass::text as object, relnamespace,
               coalesce(obj_description(oid, 'pg_class') like 'no tenant:%', false) as shared from pg_class
             where relnamespace in (select oid from pg_namespace where nspname in ('public', 'identity', 'oauth')))
  select object, 'no forced row security' from t where relkind in ('r', 'p') and not relispartition and not shared and not (relrowsecurity and relforcerowsecurity)
  union all select object, 'primary key does not begin with tenant_id' from t join pg_index i on i.indrelid = t.oid and i.indisprimary
    join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0] where relkind in ('r', 'p') and not relispartition and not shared and a.attname <> 'tenant_id'
  union all select object, 'index ' || i.indexrelid::regclass || ' does not begin with tenant_id' from t join pg_index i on i.indrelid = t.oid
    left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
    where relkind in ('r', 'p') and not relispartition and not shared and not i.indisprimary and a.attname is distinct from 'tenant_id'
      and coalesce(obj_description(i.indexrelid, 'pg_class') not like 'not by tenant:%', true)
  union all select object, 'foreign key ' || conname || ' lacks tenant_id' from t join pg_constraint c on c.conrelid = t.oid and c.contype = 'f'
    where not shared and not relispartition and not exists (select from pg_attribute a where a.attrelid = c.confrelid and a.attnum = any (c.confkey) and a.attname in ('tenant_id'))
      and c.confrelid in (select oid from t where not shared)
  union all select object, 'policy ' || p.polname || ' reads a setting with missing_ok' from t join pg_policy p on p.polrelid = t.oid
    where pg_get_expr(p.polqual, p.polrelid) ~ 'app\.tenant''::text, true'
  union all select object, 'policy ' || p.polname || ' opens the table to gw_app' from t join pg_policy p on p.polrelid = t.oid
    where not shared and p.polpermissive and (select oid from pg_roles where rolname = 'gw_app') = any (p.polroles) and coalesce(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) !~ 'app\.tenant'
  union all select object, 'policy ' || p.polname || ' opens the table to everybody' from t join pg_policy p on p.polrelid = t.oid where 0 = any (p.polroles)
  union all select object, 'partition can be read past the policy' from t where relispartition and relkind in ('r', 'p') and (has_table_privilege('gw_app', oid, 'select') or has_table_privilege('gw_app', oid, 'insert'))
  union all select object, 'view without security_invoker' from t where relkind = 'v' and not coalesce(reloptions @> '{security_invoker=true}', false)
  union all select object, 'materialized view readable by gw_app' from t where relkind = 'm' and has_table_privilege('gw_app', oid, 'select')
  union all select object, 'truncate is granted' from t where relkind in ('r', 'p') and has_table_privilege('gw_app', oid, 'truncate')
  union all select p.oid::regprocedure::text, 'definer function without a fixed search_path' from pg_proc p where p.pronamespace in (select oid from pg_namespace where nspname in ('public', 'identity', 'oauth'))
    and p.prosecdef and not coalesce(array_to_string(p.proconfig, ',') like '%search_path=%', false)
  union all select p.oid::regprocedure::text, 'definer function that gw_app may call does not name the tenant' from pg_proc p where p.pronamespace in (select oid from pg_namespace where nspname in ('public', 'identity', 'oauth'))
    and p.prosecdef and p.prorettype <> 'trigger'::regtype and has_function_privilege('gw_app', p.oid, 'execute') and p.prosrc !~ 'app\.tenant'
$$;

-- The installation itself: base of the log's positions, oldest kept position, check value of the platform key, set-up state.
create table installation (
  one boolean primary key default true check (one),
  base bigint not null default 0, floor_pos bigint not null default 0, floor_seq bigint not null default 0,
  key_check bytea, held_since timestamptz, created_at timestamptz not null default now()
);
comment on table installation is 'no tenant: one row about the installation';
insert into installation default values;
grant select (base, floor_pos, floor_seq, held_since) on installation to gw_app;
grant select, update on installation to gw_system;

/* The log. Order is (pos, seq): pos = epoch * 2^44 + transaction id, one bigint, because below PostgreSQL 18 an upper bound on
   (epoch, xid, seq) does not end an index scan. For one subject seq is the true order: it is drawn while the row is locked. */
create table events (
  tenant_id uuid not null, id uuid not null, name text not null,
  subject_type text not null, subject_id uuid not null, scope_id uuid, parent_id uuid, person_id uuid,
  actor_type text not null check (actor_type in ('user', 'key', 'workflow', 'agent', 'system')), actor_id uuid,
  data jsonb not null, secret bytea, cause_id uuid, request_id text,
  pos bigint not null default 0 + pg_current_xact_id()::text::bigint, seq bigint generated always as identity, at timestamptz not null default now(),
  primary key (tenant_id, id, at)
) partition by range (at);
create index events_order on events (pos, seq);
comment on index events_order is 'not by tenant: readers follow the whole log';
create index events_tenant on events (tenant_id, pos, seq);
create index events_subject on events (tenant_id, subject_id, pos, seq);
create index events_scope on events (tenant_id, scope_id, pos, seq) where scope_id is not null;
create index events_parent on events (tenant_id, parent_id, pos, seq) where parent_id is not null;
create index events_actor on events (tenant_id, actor_id, pos, seq);
create index events_person on events (tenant_id, person_id, pos, seq) where person_id is not null;
create table events_default partition of events default; -- a missing month must not stop writers
-- Nobody edits the log, nor chooses a position in it; gw_system may give `at`, which orders pages and reports, never the log.
select apply_tenancy('events', 'select, insert (tenant_id, id, name, subject_type, subject_id, scope_id, parent_id, person_id, actor_type, actor_id, data, secret, cause_id, request_id)');
revoke insert, update, delete on events from gw_system;
grant insert (tenant_id, id, name, subject_type, subject_id, scope_id, parent_id, person_id, actor_type, actor_id, data, secret, cause_id, request_id, at) on events to gw_system;
-- Under the platform's id a person reads and writes only what is theirs.
drop policy tenant on events;
create policy tenant on events to gw_app
  using (tenant_id = (select current_setting('app.tenant')::uuid)
    and (tenant_id <> '00000000-0000-0000-0000-000000000000' or person_id = (select nullif(current_setting('app.actor', true), '')::uuid)))
  with check (tenant_id = (select current_setting('app.tenant')::uuid)
    and (tenant_id <> '00000000-0000-0000-0000-000000000000' or person_id = (select nullif(current_setting('app.actor', true), '')::uuid)));
-- FORCE binds the owner too: the definer triggers of the identity tables write as gw_owner.
create policy writer on events for insert to gw_owner with check (true);

create function add_event_month(month date) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare part text := 'events_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass('public.' || part) is not null then return false; end if;
  execute format('create table %I partition of events for values from (%L) to (%L)', part, date_trunc('month', month), date_trunc('month', month) + interval '1 month');
  return true;
exception when check_violation then return false; -- rows of that month lie in the default partition already: they stay there
end $$;
revoke execute on function add_event_month(date) from public;
grant execute on function add_event_month(date) to gw_system;
select add_event_month((now() + n * interval '1 month')::date) from generate_series(-2, 2) n;

/* After every restore or copy from another server, before the first writer: old positions stay ordered and readable, new ones come after. */
create function next_epoch() returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare b bigint;
begin
  update installation set base = base + (1::bigint << 44) returning base into b;
  execute format('alter table events alter pos set default %s + pg_current_xact_id()::text::bigint', b);
  return b;
end $$;
revoke execute on function next_epoch() from public;
grant execute on function next_epoch() to gw_system;

/* Who holds every reader back: the oldest writing transaction of the whole server, in any database. As gw_owner, who may read all statistics. */
create function log_holder() returns table (pid int, database text, since timestamptz, application text) language sql stable security definer set search_path = public, pg_temp as $$
  select a.pid, a.datname::text, a.xact_start, a.application_name from pg_stat_activity a where a.backend_xid is not null and a.pid <> pg_backend_pid() order by age(a.backend_xid) desc limit 1
$$;
revoke execute on function log_holder() from public;
grant execute on function log_holder() to gw_system;

/* Retention: deletes a tenant's events before an instant, in portions. @return how many went */
create function forget_events(tenant uuid, before timestamptz, most int) returns int language plpgsql security definer set search_path = public, pg_temp as $$
declare n int; p bigint; s bigint;
begin
  with gone as (delete from events where (tenant_id, id, at) in (select e.tenant_id, e.id, e.at from events e where e.tenant_id = tenant and e.at < before order by e.pos, e.seq limit most) returning pos, seq)
  select count(*), max(pos), max(seq) into n, p, s from gone;
  if n > 0 then update installation set floor_pos = greatest(floor_pos, p), floor_seq = case when p > floor_pos then s else floor_seq end; end if;
  return n;
end $$;
revoke execute on function forget_events(uuid, timestamptz, int) from public;
grant execute on function forget_events(uuid, timestamptz, int) to gw_system;
create policy retention on events for delete to gw_owner using (true);
create policy retention_read on events for select to gw_owner using (true);

create table readers (
  name text primary key, pos bigint not null default 0, seq bigint not null default 0, tries int not null default 0, error text,
  paused boolean not null default false, handled bigint not null default 0, moved_at timestamptz, created_at timestamptz not null default now()
);
comment on table readers is 'no tenant: a reader sees the whole log; gw_app has no grant';
create table parked_events (
  reader text not null references readers on delete cascade, event_id uuid not null, tenant_id uuid not null, event_at timestamptz not null, name text not null, error text not null,
  created_at timestamptz not null default now(), primary key (reader, event_id)
);
comment on table parked_events is 'no tenant: operators only, gw_app has no grant';
grant select, insert, update, delete on readers, parked_events to gw_system;

-- The one durable queue: mail, clean-ups, digests, schedules. gw_app only adds.
create table jobs (
  tenant_id uuid not null, id uuid not null, name text not null, key text, data jsonb not null default '{}', secret bytea,
  status text not null default 'ready' check (status in ('ready', 'running', 'done', 'failed', 'held', 'cancelled')),
  run_at timestamptz not null default now(), attempts int not null default 0, max_attempts int not null default 8,
  lease uuid, lease_until timestamptz, error text, cause_id uuid, request_id text, finished_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
select apply_tenancy('jobs', 'insert (tenant_id, id, name, key, data, secret, run_at, max_attempts, cause_id, request_id)');
create index jobs_due on jobs (run_at) where status = 'ready';
comment on index jobs_due is 'not by tenant: one queue, taken in turns';
create index jobs_running on jobs (lease_until) where status = 'running';
comment on index jobs_running is 'not by tenant: leases that ran out';
create unique index jobs_key on jobs (tenant_id, name, key) where key is not null;
create index jobs_listed on jobs (tenant_id, id);
-- An insert with "on conflict do nothing" needs no right to read.

-- Keys of tenants and people, wrapped by the key above; a destroyed key stays as a tombstone, so that an old copy cannot come back.
create table keys (
  id uuid primary key, tenant_id uuid not null, person_id uuid, wrapped bytea, wrapped_by uuid, current boolean not null default true,
  created_at timestamptz not null default now(), destroyed_at timestamptz, check ((wrapped is null) = (destroyed_at is not null))
);
comment on table keys is 'no tenant: read by the key ring alone; gw_app has no grant';
create unique index keys_current on keys (tenant_id, coalesce(person_id, '00000000-0000-0000-0000-000000000000')) where current;
grant select, insert, update on keys to gw_system;

create table idempotency_keys (
  tenant_id uuid not null, actor_id uuid not null, key text not null, fingerprint text not null, status int, body jsonb, headers jsonb, withheld boolean not null default false,
  created_at timestamptz not null default now(), primary key (tenant_id, actor_id, key)
);
select apply_tenancy('idempotency_keys');
create index idempotency_keys_age on idempotency_keys (created_at);
comment on index idempotency_keys_age is 'not by tenant: swept by age';

-- Mail that went out or is kept for the outbox page; text and address are sealed.
create table mails (
  tenant_id uuid not null, id uuid not null, job_id uuid, kind text not null, sealed bytea not null, status text not null default 'queued' check (status in ('queued', 'sent', 'kept', 'failed', 'held')),
  error text, sent_at timestamptz, created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
select apply_tenancy('mails', 'insert');
create index mails_listed on mails (id);
comment on index mails_listed is 'not by tenant: the outbox page is the operators''';

-- What a tenant chooses for itself; absent: as the installation says.
create table tenant_settings (
  tenant_id uuid primary key, event_retention_days int check (event_retention_days > 0),
  created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
select apply_tenancy('tenant_settings', 'select, insert, update');
