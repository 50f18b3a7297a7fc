/* Runs of one tenant may begin at the same moment. What only grows within a period is counted in sixteen rows instead of one, as a row's lock lasts until
   its transaction is on the disk; what rises and falls keeps one row. */
alter table usage_levels add slot smallint not null default 0;
alter table usage_levels drop constraint usage_levels_pkey;
alter table usage_levels add primary key (tenant_id, meter, period, slot);

/* Counts n more and tells what is used then. Far from the limit many count at once, each in a row of its own: at most sixteen, as a row has one holder, and
   each takes 64 in its transaction at the most, so whoever still sees 1,024 free beside its own cannot be the one too many. Nearer than that, and beyond
   those 64, one after the other: the lock waits for all who count, so the sum is exact. */
create function add_quota(of_tenant uuid, of_meter text, n bigint, of_period text, most bigint) returns bigint language plpgsql as $$
declare
  key constant bigint := hashtextextended(of_tenant::text || ' ' || of_meter || ' ' || of_period, 0);
  mine constant smallint := case when of_period = '' then 0 else pg_backend_pid() % 16 end;
  taken constant bigint := n + coalesce(nullif(current_setting('app.quota_taken', true), ''), '0')::bigint;
  far boolean := of_period <> '' and taken <= 64 and (most is null or 2048 + coalesce((select sum(l.used) from usage_levels l where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period), 0) <= most);
  now_used bigint;
begin
  if far then
    perform pg_advisory_xact_lock_shared(key), set_config('app.quota_taken', taken::text, true);
  elsif of_period <> '' then
    perform pg_advisory_xact_lock(key);
  end if;
  insert into usage_levels as l (tenant_id, meter, period, slot, used) values (of_tenant, of_meter, of_period, mine, n)
    on conflict (tenant_id, meter, period, slot) do update set used = l.used + excluded.used returning l.used into now_used;
  if of_period = '' then return now_used; end if;
  select sum(l.used) into now_used from usage_levels l where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period;
  if far and now_used + 1024 > most then -- a thousand others came in between
    perform pg_advisory_xact_lock(key);
    select sum(l.used) into now_used from usage_levels l where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period;
  end if;
  return now_used;
end $$;

create or replace function take_quota(of_tenant uuid, of_meter text, n bigint, of_period text default '') returns bigint language plpgsql as $$
declare now_used bigint; allowed record;
begin
  if n <= 0 then
    update usage_levels l set used = greatest(l.used + n, 0) where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period and l.slot = 0 returning l.used into now_used;
    return coalesce(now_used, 0);
  end if;
  select * into allowed from plan_limit(of_tenant, of_meter);
  now_used := add_quota(of_tenant, of_meter, n, of_period, allowed.most);
  if now_used > allowed.most then select * into allowed from plan_limit(of_tenant, of_meter); end if; -- it may have grown while this waited
  if now_used > allowed.most then
    raise exception using errcode = 'ZH403', message = format('plan.limit_reached: the plan %s allows %s of %s, and %s are used: free some, or move to a larger plan', allowed.plan, allowed.most, of_meter, now_used - n),
      detail = json_build_object('meter', of_meter, 'limit', allowed.most, 'used', now_used - n, 'plan', allowed.plan)::text;
  end if;
  return now_used;
end $$;

create or replace function try_quota(of_tenant uuid, of_meter text, n bigint, of_period text, beyond boolean) returns boolean language plpgsql as $$
declare now_used bigint; most bigint := (select p.most from plan_limit(of_tenant, of_meter) p);
begin
  now_used := add_quota(of_tenant, of_meter, n, of_period, most);
  if now_used > most then most := (select p.most from plan_limit(of_tenant, of_meter) p); end if; -- it may have grown while this waited
  if beyond or most is null or now_used <= most then return true; end if;
  update usage_levels l set used = l.used - n where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period and l.slot = case when of_period = '' then 0 else pg_backend_pid() % 16 end;
  return false;
end $$;
