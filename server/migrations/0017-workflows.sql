-- Workflows as people draw them: drafts, immutable versions, deployments, triggers, what came in by webhooks, approvals, and what runs did to our own
-- database. Runs themselves: 0011. Runs as gw_owner.
create table workflows (
  tenant_id uuid not null, id uuid not null, name text not null, description text,
  status text not null default 'draft' check (status in ('draft', 'active', 'inactive', 'archived')),
  definition jsonb not null, -- the draft
  active_version int, last_version int not null default 0, published_by uuid, -- whose rights runs of the active version use
  paused_reason text, created_by uuid, deleted_at timestamptz,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select apply_tenancy('workflows', 'select, insert, update');
create index workflows_publisher on workflows (tenant_id, published_by) where status = 'active';

-- Nobody changes or deletes a version, not even us: there is no grant.
create table workflow_versions (
  tenant_id uuid not null, workflow_id uuid not null, number int not null,
  definition jsonb not null, program jsonb not null, -- as drawn; as it is run
  hash text not null, note text, published_by uuid, created_at timestamptz not null default now(),
  primary key (tenant_id, workflow_id, number), foreign key (tenant_id, workflow_id) references workflows on delete cascade
);
select apply_tenancy('workflow_versions', 'select, insert');
revoke update on workflow_versions from gw_system;

create table workflow_deployments (
  tenant_id uuid not null, id uuid not null, workflow_id uuid not null, number int not null,
  status text not null default 'pending' check (status in ('pending', 'deploying', 'active', 'failed', 'superseded')), error text, created_by uuid,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), foreign key (tenant_id, workflow_id) references workflows on delete cascade
);
select apply_tenancy('workflow_deployments', 'select, insert, update');
create index workflow_deployments_of on workflow_deployments (tenant_id, workflow_id, id);

-- One row for each trigger of the active version; a webhook keeps its address through versions.
create table workflow_triggers (
  tenant_id uuid not null, id uuid not null, workflow_id uuid not null, node text not null, type text not null, enabled boolean not null default false,
  settings jsonb not null default '{}', events text[] not null default '{}', -- names of events it takes
  token_hash bytea, token_sealed bytea, secret_sealed bytea, problem text,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), unique (tenant_id, workflow_id, node), foreign key (tenant_id, workflow_id) references workflows on delete cascade
);
select apply_tenancy('workflow_triggers');
create index workflow_triggers_events on workflow_triggers using gin (tenant_id, events) where enabled;
create unique index workflow_triggers_token on workflow_triggers (token_hash) where token_hash is not null;
comment on index workflow_triggers_token is 'not by tenant: an address finds its tenant by it';

-- What came to webhooks, for as long as tenants may want to see or replay it. Headers, query and body are sealed.
create table webhook_inbox (
  tenant_id uuid not null, id uuid not null, workflow_id uuid not null, trigger_id uuid not null, node text not null, method text not null, content_type text, bytes int not null, sealed bytea not null,
  verified boolean not null, reason text, run_id uuid, replay_of uuid, created_at timestamptz not null default now(),
  primary key (tenant_id, id), foreign key (tenant_id, workflow_id) references workflows on delete cascade
);
select apply_tenancy('webhook_inbox', 'select, insert, update (run_id)');
create index webhook_inbox_of on webhook_inbox (tenant_id, workflow_id, id);
create index webhook_inbox_age on webhook_inbox (created_at);
comment on index webhook_inbox_age is 'not by tenant: swept by age';

create table approvals (
  tenant_id uuid not null, id uuid not null, run_id uuid not null, workflow_id uuid not null, key text not null, node text not null, title text not null, text text not null,
  people uuid[] not null default '{}', role text check (role in ('viewer', 'member', 'admin', 'owner')),
  status text not null default 'pending' check (status in ('pending', 'approved', 'rejected', 'timed_out', 'cancelled')),
  deadline_at timestamptz, escalates_at timestamptz, escalate_to text, escalated_at timestamptz, decided_by uuid, decided_at timestamptz, comment text,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), unique (tenant_id, run_id, key)
);
select apply_tenancy('approvals', 'select, insert, update');
create index approvals_open on approvals (tenant_id, id) where status = 'pending';

-- What a step did to our own database, in the same transaction: done again, it gives this and does nothing.
create table run_effects (
  tenant_id uuid not null, run_id uuid not null, key text not null, result jsonb, created_at timestamptz not null default now(),
  primary key (tenant_id, run_id, key)
);
select apply_tenancy('run_effects', 'select, insert, update');

-- Runs that wait for an event about something.
create table event_waits (
  tenant_id uuid not null, run_id uuid not null, key text not null, signal text not null, event text not null, subject_id uuid not null, created_at timestamptz not null default now(),
  primary key (tenant_id, run_id, key)
);
select apply_tenancy('event_waits', 'select, insert, delete');
create index event_waits_event on event_waits (tenant_id, event, subject_id);

-- A run started by a key may no more than the key could: what that was when it started.
create table run_starters (
  tenant_id uuid not null, run_id uuid not null, role text not null, scopes text[], permissions text[], created_at timestamptz not null default now(),
  primary key (tenant_id, run_id)
);
select apply_tenancy('run_starters', 'select, insert');
