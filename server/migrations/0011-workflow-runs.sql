-- Runs of workflows: where each stands, what its steps gave, signals, large values, schedules, and the processes that work on them. Runs as gw_owner.
create table runs (
  tenant_id uuid not null, id uuid not null, workflow_id uuid not null, workflow_version int not null,
  engine text not null default 'embedded', -- which engine it lives in, to its end
  entry text, -- the trigger node that began it
  status text not null default 'pending' check (status in ('pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled')),
  input jsonb, output jsonb, error jsonb,
  due_at timestamptz default now(), -- "look at this run then": claimable, a timer, the end of a lease
  owner uuid, epoch int not null default 0, -- the fence: one more at each claim
  wake_seq int not null default 0, -- one more by whatever must wake the run, in the transaction of its cause
  cancel_requested boolean not null default false, pause_requested boolean not null default false,
  claims int not null default 0, progress int not null default 0, -- claims since it last parked, and the steps it had then: a run that only kills its workers is failed
  parent_run uuid, parent_key text, closes_with_parent boolean not null default false,
  schedule_id uuid, dedup_key text,
  actor_type text not null, actor_id uuid, cause_id uuid, request_id text, depth int not null default 0, -- who and what began it; how many runs led here
  created_at timestamptz not null default now(), started_at timestamptz, finished_at timestamptz
) with (fillfactor = 85);
select apply_tenancy('runs', 'select, insert, update');
create index runs_due on runs (due_at) where due_at is not null;
comment on index runs_due is 'not by tenant: a worker takes what is due';
create index runs_lane on runs (tenant_id, due_at) where due_at is not null;
create index runs_busy on runs (tenant_id) where status = 'running';
create unique index runs_dedup on runs (tenant_id, dedup_key) where dedup_key is not null;
create index runs_parent on runs (tenant_id, parent_run) where parent_run is not null;
create index runs_workflow on runs (tenant_id, workflow_id, id);
create index runs_schedule on runs (tenant_id, schedule_id) where schedule_id is not null and finished_at is null;

-- One row for each node that did something, by its path in the run. The first outcome recorded stands.
create table run_steps (
  tenant_id uuid not null, run_id uuid not null, key text not null, node text not null,
  kind text not null check (kind in ('step', 'sleep', 'signal', 'child', 'note')), state text not null check (state in ('pending', 'done', 'failed')),
  attempt int not null default 0, redo int not null default 0, -- attempts begun; how often it was done anew after an outcome
  output jsonb, error jsonb, due_at timestamptz, beat_at timestamptz, -- the next try or the end of a wait; a long step's worker lived then
  started_at timestamptz not null default now(), finished_at timestamptz,
  primary key (tenant_id, run_id, key)
);
select apply_tenancy('run_steps', 'select, update');

create table run_signals (
  tenant_id uuid not null, id uuid not null, run_id uuid not null, name text not null, payload jsonb,
  actor_id uuid, seq bigint generated always as identity, consumed_by text, created_at timestamptz not null default now()
);
select apply_tenancy('run_signals', 'select, insert (tenant_id, id, run_id, name, payload, actor_id)');
create index run_signals_of_run on run_signals (tenant_id, run_id, seq);

-- Values over 16 KB, sealed under the tenant's key; they go with their run.
create table run_blobs (
  tenant_id uuid not null, run_id uuid not null, id uuid not null, bytes int not null, sealed bytea not null, created_at timestamptz not null default now(),
  primary key (tenant_id, run_id, id)
);
select apply_tenancy('run_blobs', 'select, insert');

create table run_schedules (
  tenant_id uuid not null, id uuid not null, workflow_id uuid not null, workflow_version int not null, entry text,
  cron text, time_zone text not null default 'UTC', every_ms bigint check (every_ms >= 1000), check (num_nonnulls(cron, every_ms) = 1),
  overlap text not null default 'skip' check (overlap in ('skip', 'queue', 'allow')), catch_up text not null default 'one' check (catch_up in ('none', 'one', 'all')),
  input jsonb, actor_type text not null, actor_id uuid, next_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
select apply_tenancy('run_schedules');
create index run_schedules_due on run_schedules (next_at) where next_at is not null;
comment on index run_schedules_due is 'not by tenant: a worker takes what is due';

create table workers (id uuid primary key, lock_key bigint, beat_at timestamptz not null default now(), created_at timestamptz not null default now());
comment on table workers is 'no tenant: processes that work on runs; gw_app has no grant';
grant select, insert, update, delete on workers to gw_system;

alter table tenant_settings add column run_retention_days int check (run_retention_days > 0);
