-- Plans, what each tenant has of them, and what it uses. Levels (people, projects, bytes) are counted in the transaction that changes them, by
-- triggers where a table holds the things: nobody can forget to count. History is kept by a reader of the log. Runs as gw_owner.
set local row_security = on; -- functions below read tables under their policies
alter table installation add unlimited boolean not null default false; -- one tenant for all: nobody sells to oneself
grant select (unlimited) on installation to gw_app;

create table plans (
  id uuid primary key default uuid7(), name text collate "C" not null unique check (name ~ '^[a-z][a-z0-9-]{0,39}$'), title text not null, description text,
  limits jsonb not null default '{}', -- meter -> most; absent or null: no limit
  modules jsonb not null default '{}', -- module -> false: not part of the plan
  position int not null default 0, is_default boolean not null default false,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
comment on table plans is 'no tenant: the installation''s own, readable to all of its tenants';
create unique index plans_default on plans (is_default) where is_default;
create trigger touch before insert or update on plans for each row execute function touch_version();
grant select on plans to gw_app;
grant select, insert, update, delete on plans to gw_system;
-- Wide enough that an installation which never looks at plans meets none of it: they stop loops, not people.
insert into plans (name, title, description, position, is_default, limits) values
  ('free', 'Free', 'What every tenant begins with.', 1, true, '{"users": 1000, "calls": 10000000, "storage": 107374182400, "projects": 10000, "runs": 1000000}'),
  ('basic', 'Basic', null, 2, false, '{"users": 5000, "calls": 50000000, "storage": 536870912000, "projects": 50000, "runs": 5000000}'),
  ('premium', 'Premium', null, 3, false, '{"users": 25000, "calls": 250000000, "storage": 2748779069440, "projects": 250000, "runs": 25000000}'),
  ('enterprise', 'Enterprise', 'Without limits.', 4, false, '{}');

-- Absent: the default plan.
create table tenant_plans (
  tenant_id uuid primary key, plan_id uuid not null references plans, limits jsonb not null default '{}', modules jsonb not null default '{}',
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
select apply_tenancy('tenant_plans', 'select');
create policy counting on tenant_plans for select to gw_owner using (true);

-- period: '' for what stands now, else the month or day whose sum it is.
create table usage_levels (
  tenant_id uuid not null, meter text collate "C" not null, period text collate "C" not null default '', used bigint not null default 0 check (used >= 0),
  primary key (tenant_id, meter, period)
) with (fillfactor = 50);
select apply_tenancy('usage_levels', 'select, insert, update');
create policy counting on usage_levels to gw_owner using (true) with check (true);

-- The history, one row a day and meter; pos and seq of the last event in it: the same event again counts nothing.
create table usage_days (
  tenant_id uuid not null, meter text collate "C" not null, day date not null, added bigint not null default 0, removed bigint not null default 0, pos bigint not null, seq bigint not null,
  primary key (tenant_id, meter, day)
);
select apply_tenancy('usage_days', 'select, insert, update');

-- Calls taken from a day's limit, in blocks, by each process; `used` is what its events have told so far.
create table usage_calls (
  tenant_id uuid not null, day date not null, process uuid not null, taken bigint not null default 0, used bigint not null default 0, seen_at timestamptz not null default now(),
  primary key (tenant_id, day, process)
);
select apply_tenancy('usage_calls', 'select');

-- Each mark of a period is told of once.
create table usage_warnings (
  tenant_id uuid not null, meter text collate "C" not null, period text collate "C" not null, percent int not null, created_at timestamptz not null default now(),
  primary key (tenant_id, meter, period, percent)
);
select apply_tenancy('usage_warnings', 'select, insert, delete');

/* The plan that holds for a tenant, and how much it allows of a meter: null without a limit. */
create function plan_limit(of_tenant uuid, of_meter text) returns table (plan text, most bigint) stable language sql as $$
  select p.name, case when i.unlimited then null when t.limits ? of_meter then (t.limits ->> of_meter)::bigint else (p.limits ->> of_meter)::bigint end
  from installation i cross join plans p left join tenant_plans t on t.tenant_id = of_tenant
  where case when t.plan_id is null then p.is_default else p.id = t.plan_id end
$$;

/* Counts n more (or less) of a meter, in the caller's transaction: the row stays locked until it ends, so of many at once no more than the limit
   get through. Refuses with the limit, what is used, and the plan. */
create function take_quota(of_tenant uuid, of_meter text, n bigint, of_period text default '') returns bigint language plpgsql as $$
declare now_used bigint; allowed record;
begin
  if n <= 0 then
    update usage_levels l set used = greatest(l.used + n, 0) where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period returning l.used into now_used;
    return coalesce(now_used, 0);
  end if;
  insert into usage_levels as l (tenant_id, meter, period, used) values (of_tenant, of_meter, of_period, n)
    on conflict (tenant_id, meter, period) do update set used = l.used + excluded.used returning l.used into now_used;
  select * into allowed from plan_limit(of_tenant, of_meter);
  if now_used > allowed.most then
    raise exception using errcode = 'ZH403', message = format('plan.limit_reached: the plan %s allows %s of %s, and %s are used: free some, or move to a larger plan', allowed.plan, allowed.most, of_meter, now_used - n),
      detail = json_build_object('meter', of_meter, 'limit', allowed.most, 'used', now_used - n, 'plan', allowed.plan)::text;
  end if;
  return now_used;
end $$;

/* Calls of a day, in blocks: sums what living processes hold and what gone ones have used. `returned`: what the asker has left of an earlier block. */
create function take_calls(of_tenant uuid, of_day date, asker uuid, returned bigint) returns table (plan text, most bigint, granted bigint, gone bigint) language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(of_tenant::text || of_day::text, 0));
  select l.plan, l.most into plan, most from plan_limit(of_tenant, 'calls') l;
  select coalesce(sum(case when c.process = asker then c.taken - returned when c.seen_at < now() - interval '60 s' then c.used else c.taken end), 0)::bigint into gone from usage_calls c where c.tenant_id = of_tenant and c.day = of_day;
  granted := case when most is null then 1000 else greatest(0, least(greatest(1, least(1000, most / 100)), most - gone)) end;
  insert into usage_calls as c (tenant_id, day, process, taken) values (of_tenant, of_day, asker, granted)
    on conflict (tenant_id, day, process) do update set taken = c.taken - returned + excluded.taken, seen_at = now();
  return next;
end $$;

create function count_member() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' then perform take_quota(new."organizationId", 'users', 1); else perform take_quota(old."organizationId", 'users', -1); end if;
  return null;
end $$;
create trigger count_usage after insert or delete on identity."member" for each row execute function count_member();
create function count_project() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare before int := case when tg_op <> 'INSERT' and old.deleted_at is null then 1 else 0 end; after int := case when tg_op <> 'DELETE' and new.deleted_at is null then 1 else 0 end;
begin
  if after <> before then perform take_quota(coalesce(new.tenant_id, old.tenant_id), 'projects', after - before); end if;
  return null;
end $$;
create trigger count_usage after insert or delete or update of deleted_at on projects for each row execute function count_project();

-- What is there already. The owner reads past the policies for this one moment.
alter table identity."member" no force row level security;
alter table projects no force row level security;
insert into usage_levels (tenant_id, meter, used) select "organizationId", 'users', count(*) from identity."member" group by 1;
insert into usage_levels (tenant_id, meter, used) select tenant_id, 'projects', count(*) from projects where deleted_at is null group by 1;
alter table identity."member" force row level security;
alter table projects force row level security;
