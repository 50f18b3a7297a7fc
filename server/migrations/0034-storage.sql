/* Storage: what a tenant keeps in bytes, counted in the transaction that writes or deletes it. Values of runs above 16 KB, what came to webhooks and mail
   addresses, the logo; each as it lies there, sealed. Smaller values of runs are rows like steps, which the runs of a month bound: they cost no trigger,
   as the most frequent writes of all. Each change says so in the log, so history and counter are sums of the same events. Runs as gw_owner. */
set local row_security = on; -- functions below read tables under their policies

/* Counts and tells. `beyond`: nobody waits for an answer, so it is counted and not refused. */
create function count_storage(of_tenant uuid, what text, thing uuid, change bigint, things bigint default 1, beyond boolean default false) returns void language plpgsql as $$
begin
  if change = 0 then return; end if;
  if change > 0 and beyond then perform try_quota(of_tenant, 'storage', change, '', true); else perform take_quota(of_tenant, 'storage', change); end if;
  insert into events (tenant_id, id, name, subject_type, subject_id, actor_type, actor_id, data, request_id)
  values (of_tenant, uuid7(), case when change > 0 then 'storage.kept' else 'storage.freed' end, 'tenant', of_tenant, 'system', null,
    jsonb_build_object('what', what, 'of', thing, 'things', things, 'bytes', abs(change)), nullif(current_setting('app.request', true), ''));
end $$;

/* The input of a run that an event, a schedule or a webhook begins is kept whatever the plan says, as its run is: what came in is not lost for the sake
   of a limit that its own steps meet. A child is asked for by a step, which hears the refusal. */
create function count_run_value() returns trigger language plpgsql as $$
begin
  perform count_storage(new.tenant_id, 'run-value', new.run_id, octet_length(new.sealed), 1, exists (
    select from runs r where r.tenant_id = new.tenant_id and r.id = new.run_id and r.dedup_key is not null and r.parent_key is null and r.started_at is null));
  return null;
end $$;
create trigger count_storage after insert on run_blobs for each row when (new.bytes > 16384) execute function count_run_value();

create function count_received() returns trigger language plpgsql as $$
begin
  perform count_storage(new.tenant_id, 'received', new.id, octet_length(new.sealed));
  return null;
end $$;
create trigger count_storage after insert on webhook_inbox for each row execute function count_received();

/* Many go at once: one count a tenant, tenants in order, so that two who delete do not wait for each other in a circle. */
create function free_run_values() returns trigger language plpgsql as $$
begin
  perform count_storage(s.tenant_id, 'run-value', null, -s.bytes, s.things) from (
    select g.tenant_id, count(*) as things, sum(octet_length(g.sealed))::bigint as bytes from gone g where g.bytes > 16384 group by 1 order by 1) s;
  return null;
end $$;
create trigger free_storage after delete on run_blobs referencing old table as gone for each statement execute function free_run_values();
create function free_received() returns trigger language plpgsql as $$
begin
  perform count_storage(s.tenant_id, 'received', null, -s.bytes, s.things) from (
    select g.tenant_id, count(*) as things, sum(octet_length(g.sealed))::bigint as bytes from gone g group by 1 order by 1) s;
  return null;
end $$;
create trigger free_storage after delete on webhook_inbox referencing old table as gone for each statement execute function free_received();

create function count_logo() returns trigger language plpgsql as $$
declare
  before bigint := case when tg_op <> 'INSERT' then coalesce(octet_length(old.logo), 0) else 0 end;
  after bigint := case when tg_op <> 'DELETE' then coalesce(octet_length(new.logo), 0) else 0 end;
begin
  perform count_storage(coalesce(new.tenant_id, old.tenant_id), 'logo', null, after - before);
  return null;
end $$;
create trigger count_storage after insert or delete or update of logo on branding for each row execute function count_logo();

/* The same with a unit in its words: bytes say nothing without it. */
create or replace function take_quota(of_tenant uuid, of_meter text, n bigint, of_period text default '') returns bigint language plpgsql as $$
declare taken record;
begin
  if n <= 0 then
    update usage_levels l set used = greatest(l.used + n, 0) where l.tenant_id = of_tenant and l.meter = of_meter and l.period = of_period and l.slot = 0 returning * into taken;
    return coalesce(taken.used, 0);
  end if;
  taken := add_quota(of_tenant, of_meter, n, of_period);
  if taken.now_used > taken.most then
    raise exception using errcode = 'ZH403', message = format('plan.limit_reached: the plan %s allows %s of %s, and %s are used%s: free some, or move to a larger plan', taken.plan, taken.most,
      case of_meter when 'storage' then 'bytes of storage' else of_meter end, taken.now_used - n, case of_meter when 'storage' then format(', this takes %s more', n) else '' end),
      detail = json_build_object('meter', of_meter, 'limit', taken.most, 'used', taken.now_used - n, 'plan', taken.plan)::text;
  end if;
  return taken.now_used;
end $$;

-- What is there already, with one event for each kind, so that history begins with it. The owner reads past the policies for this one moment.
alter table run_blobs no force row level security;
alter table webhook_inbox no force row level security;
alter table branding no force row level security;
select count_storage(s.tenant_id, s.what, null, s.bytes, s.things, true) from (
  select tenant_id, 'run-value' as what, count(*) as things, sum(octet_length(sealed))::bigint as bytes from run_blobs where bytes > 16384 group by 1
  union all select tenant_id, 'received', count(*), sum(octet_length(sealed))::bigint from webhook_inbox group by 1
  union all select tenant_id, 'logo', 1, octet_length(logo)::bigint from branding where logo is not null order by 1, 2) s;
alter table run_blobs force row level security;
alter table webhook_inbox force row level security;
alter table branding force row level security;
