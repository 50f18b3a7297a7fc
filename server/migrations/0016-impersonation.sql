-- Operators who act with a person's rights for a while: who, as whom, why, until when. Runs as gw_owner.
create table impersonations (
  tenant_id uuid not null, id uuid not null, operator_id uuid not null, user_id uuid not null, session_id uuid not null, -- the operator's own
  hash bytea not null, expires_at timestamptz not null, ended_at timestamptz, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index impersonations_hash on impersonations (hash);
comment on index impersonations_hash is 'not by tenant: the token is what tells the tenant';
create index impersonations_open on impersonations (expires_at) where ended_at is null;
comment on index impersonations_open is 'not by tenant: a job ends those of all tenants';
select apply_tenancy('impersonations', 'select');

-- it ends with the operator's own session
grant select (id, "expiresAt") on identity."session" to gw_system;
