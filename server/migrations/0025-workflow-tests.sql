-- Runs kept as tests of their workflow: what came in, what the outside answered, what was asked of it. Sealed under the tenant's key. Runs as gw_owner.
create table workflow_tests (
  tenant_id uuid not null, id uuid not null, workflow_id uuid not null, run_id uuid not null, number int not null, -- the run, which may be gone, and its version
  name text not null, status text not null check (status in ('completed', 'failed')), bytes int not null, sealed bytea not null, created_by uuid,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), unique (tenant_id, workflow_id, run_id), foreign key (tenant_id, workflow_id) references workflows on delete cascade
);
select apply_tenancy('workflow_tests', 'select, insert, delete');
