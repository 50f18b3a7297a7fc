-- Runs of a month and API keys are counted where they are written, whoever writes them. A run that an event, a schedule or a webhook begins beyond the
-- plan is not lost: it is there, parked, and goes on when there is room. Runs as gw_owner.
set local row_security = on; -- functions below read tables under their policies
update plans set limits = '{"keys": 1000}' || limits where name = 'free';
update plans set limits = '{"keys": 5000}' || limits where name = 'basic';
update plans set limits = '{"keys": 25000}' || limits where name = 'premium';

alter table runs add over_limit boolean not null default false; -- begun beyond the plan's runs of the month, and not yet let through
create index runs_parked on runs (tenant_id, id) where over_limit and finished_at is null;

/* Counts n more where the plan allows it, or whatever it says. Takes the same lock as take_quota. False: nothing was counted. */
create function try_quota(of_tenant uuid, of_meter text, n bigint, of_period text, beyond boolean) returns boolean language plpgsql as $$
declare now_used bigint;
begin
  insert into usage_levels as l (tenant_id, meter, period, used) values (of_tenant, of_meter, of_period, n)
    on conflict (tenant_id, meter, period) do update set used = l.used + excluded.used returning l.used into now_used;
  if beyond or not exists (select from plan_limit(of_tenant, of_meter) p where now_used > p.most) then return true; end if;
  update usage_levels l set used = l.used - n where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period;
  return false;
end $$;
create function runs_period() returns text stable language sql as $$ select to_char(now() at time zone 'UTC', 'YYYY-MM') $$;
create function tell_of_run(of_run runs, said text) returns void language sql as $$
  insert into events (tenant_id, id, name, subject_type, subject_id, parent_id, actor_type, actor_id, data, cause_id, request_id)
  values (of_run.tenant_id, uuid7(), said, 'run', of_run.id, of_run.workflow_id, 'system', null, jsonb_build_object('workflowId', of_run.workflow_id, 'version', of_run.workflow_version), of_run.cause_id, of_run.request_id)
$$;

/* What somebody asks for and waits for is refused, which takes its insert back. A child is part of the run that made it: counted, never stopped half way. */
create function count_runs() returns trigger language plpgsql as $$
declare sums record; one runs;
begin
  for sums in select b.tenant_id, count(*) filter (where b.parent_run is not null) as children, count(*) filter (where b.parent_run is null and b.dedup_key is null) as asked from born b group by 1 order by 1 loop
    if sums.children > 0 then perform try_quota(sums.tenant_id, 'runs', sums.children, runs_period(), true); end if;
    if sums.asked > 0 then perform take_quota(sums.tenant_id, 'runs', sums.asked, runs_period()); end if;
  end loop;
  for one in select * from born b where b.parent_run is null and b.dedup_key is not null order by b.tenant_id, b.id loop
    if not try_quota(one.tenant_id, 'runs', 1, runs_period(), false) then
      update runs r set over_limit = true, pause_requested = true, status = 'paused', due_at = null where r.tenant_id = one.tenant_id and r.id = one.id;
      perform tell_of_run(one, 'run.parked');
    end if;
  end loop;
  return null;
end $$;
create trigger count_usage after insert on runs referencing new table as born for each statement execute function count_runs();

/* A parked run that goes on is counted now: by its people, or when there is room again. */
create function admit_run() returns trigger language plpgsql as $$
begin
  perform take_quota(new.tenant_id, 'runs', 1, runs_period());
  new.over_limit := false;
  perform tell_of_run(new, 'run.admitted');
  return new;
end $$;
create trigger admit before update of pause_requested on runs for each row
  when (old.over_limit and old.pause_requested and not new.pause_requested) execute function admit_run();

create function count_api_key() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform take_quota(coalesce(new.tenant_id, old.tenant_id), 'keys', case tg_op when 'INSERT' then 1 else -1 end);
  return null;
end $$;
create trigger count_usage after insert or delete on api_keys for each row execute function count_api_key();

-- What is there already. The owner reads past the policies for this one moment.
alter table api_keys no force row level security;
alter table runs no force row level security;
insert into usage_levels (tenant_id, meter, used) select tenant_id, 'keys', count(*) from api_keys group by 1;
insert into usage_levels (tenant_id, meter, period, used) select tenant_id, 'runs', runs_period(), count(*) from runs where created_at >= date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' group by 1;
alter table api_keys force row level security;
alter table runs force row level security;
