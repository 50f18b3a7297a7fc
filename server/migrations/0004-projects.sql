-- Projects with their columns, the keys they are and were known by, their own members, and the counter of their tasks' numbers. Runs as gw_owner.
create table projects (
  tenant_id uuid not null, id uuid not null, key text not null, name text not null, description text,
  visibility text not null default 'open' check (visibility in ('open', 'private')),
  status text not null default 'active' check (status in ('active', 'archived')),
  wip text not null default 'warn' check (wip in ('warn', 'block')),
  columns jsonb not null check (jsonb_typeof(columns) = 'array'), -- [{ id, name, category, wipLimit }]
  done_columns jsonb not null generated always as (jsonb_path_query_array(columns, '$[*] ? (@.category == "done").id')) stored,
  created_by uuid, deleted_at timestamptz, -- kept when deleted, so that its members still learn of it and read its past
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select apply_tenancy('projects');

-- Every key a project has or had: a ref keeps working after a change of key. A deleted project gives its keys back.
create table project_keys (
  tenant_id uuid not null, key text collate "C" not null check (key ~ '^[A-Z][A-Z0-9]{1,9}$'), project_id uuid not null, created_at timestamptz not null default now(),
  primary key (tenant_id, key), foreign key (tenant_id, project_id) references projects on delete cascade
);
create index project_keys_project on project_keys (tenant_id, project_id);
select apply_tenancy('project_keys');

-- Ends with the membership in the tenant. The reference is to the library's table, whose tenant column has another name.
create table project_members (
  tenant_id uuid not null, project_id uuid not null, user_id uuid not null, role text not null check (role in ('viewer', 'editor', 'manager')),
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, project_id, user_id), foreign key (tenant_id, project_id) references projects on delete cascade,
  foreign key (tenant_id, user_id) references identity."member" ("organizationId", "userId") on delete cascade
);
create index project_members_user on project_members (tenant_id, user_id);
select apply_tenancy('project_members');

-- A table of its own: a new task must not change the project's version.
create table project_counters (
  tenant_id uuid not null, project_id uuid not null, last int not null default 0,
  primary key (tenant_id, project_id), foreign key (tenant_id, project_id) references projects on delete cascade
) with (fillfactor = 50); -- room for updates in place
select apply_tenancy('project_counters');
