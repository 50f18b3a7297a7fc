/* Runs of one tenant may begin at the same moment. What only grows within a period is counted in sixteen rows instead of one, as a row's lock lasts until
   its transaction is on the disk; what rises and falls keeps one row. */
alter table usage_levels add slot smallint not null default 0;
alter table usage_levels drop constraint usage_levels_pkey;
alter table usage_levels add primary key (tenant_id, meter, period, slot);

/* Counts n more and tells what is used then, and of how many. Far from the limit many count at once, each in a row of its own: at most sixteen, as a row
   has one holder, and each takes 64 in its transaction at the most, so whoever still sees 1,024 free beside its own cannot be the one too many. Nearer
   than that, and beyond those 64, one after the other: the lock waits for all who count, so the sum is exact. */
create function add_quota(of_tenant uuid, of_meter text, n bigint, of_period text, out now_used bigint, out plan text, out most bigint) language plpgsql as $$
declare
  key constant bigint := hashtextextended(of_tenant::text || of_meter || of_period, 0);
  mine constant smallint := case when of_period = '' then 0 else pg_backend_pid() % 16 end;
  taken constant bigint := n + coalesce(nullif(current_setting('app.quota_taken', true), ''), '0')::bigint;
  far boolean;
begin
  select p.plan, p.most, (select coalesce(sum(l.used), 0) from usage_levels l where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period) into plan, most, now_used from plan_limit(of_tenant, of_meter) p;
  far := of_period <> '' and taken <= 64 and (most is null or now_used + 2048 <= most);
  if far then
    perform pg_advisory_xact_lock_shared(key), set_config('app.quota_taken', taken::text, true);
  elsif of_period <> '' then
    perform pg_advisory_xact_lock(key);
  end if;
  update usage_levels l set used = l.used + n where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period and l.slot = mine returning l.used into now_used;
  if not found then
    insert into usage_levels as l (tenant_id, meter, period, slot, used) values (of_tenant, of_meter, of_period, mine, n)
      on conflict (tenant_id, meter, period, slot) do update set used = l.used + excluded.used returning l.used into now_used;
  end if;
  if of_period <> '' and most is not null then
    select sum(l.used) into now_used from usage_levels l where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period;
    if far and now_used + 1024 > most then -- a thousand others came in between
      perform pg_advisory_xact_lock(key);
      select sum(l.used) into now_used from usage_levels l where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period;
    end if;
  end if;
  if now_used > most then select p.plan, p.most into plan, most from plan_limit(of_tenant, of_meter) p; end if; -- it may have grown while this waited
end $$;

create or replace function take_quota(of_tenant uuid, of_meter text, n bigint, of_period text default '') returns bigint language plpgsql as $$
declare taken record;
begin
  if n <= 0 then
    update usage_levels l set used = greatest(l.used + n, 0) where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period and l.slot = 0 returning * into taken;
    return coalesce(taken.used, 0);
  end if;
  taken := add_quota(of_tenant, of_meter, n, of_period);
  if taken.now_used > taken.most then
    raise exception using errcode = 'ZH403', message = format('plan.limit_reached: the plan %s allows %s of %s, and %s are used: free some, or move to a larger plan', taken.plan, taken.most, of_meter, taken.now_used - n),
      detail = json_build_object('meter', of_meter, 'limit', taken.most, 'used', taken.now_used - n, 'plan', taken.plan)::text;
  end if;
  return taken.now_used;
end $$;

create or replace function try_quota(of_tenant uuid, of_meter text, n bigint, of_period text, beyond boolean) returns boolean language plpgsql as $$
declare taken record := add_quota(of_tenant, of_meter, n, of_period);
begin
  if beyond or taken.most is null or taken.now_used <= taken.most then return true; end if;
  update usage_levels l set used = l.used - n where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period and l.slot = case when of_period = '' then 0 else pg_backend_pid() % 16 end;
  return false;
end $$;

create or replace function count_runs() returns trigger language plpgsql as $$
declare sums record; one runs;
begin
  for sums in select b.tenant_id, count(*) filter (where b.parent_run is not null) as children, count(*) filter (where b.parent_run is null and b.dedup_key is null) as asked, count(*) as born from born b group by 1 order by 1 loop
    if sums.children > 0 then perform try_quota(sums.tenant_id, 'runs', sums.children, runs_period(), true); end if;
    if sums.asked > 0 then perform take_quota(sums.tenant_id, 'runs', sums.asked, runs_period()); end if;
    continue when sums.born = sums.children + sums.asked;
    for one in select * from born b where b.tenant_id = sums.tenant_id and b.parent_run is null and b.dedup_key is not null order by b.id loop
      if not try_quota(one.tenant_id, 'runs', 1, runs_period(), false) then
        update runs r set over_limit = true, pause_requested = true, status = 'paused', due_at = null where r.tenant_id = one.tenant_id and r.id = one.id;
        perform tell_of_run(one, 'run.parked');
      end if;
    end loop;
  end loop;
  return null;
end $$;
