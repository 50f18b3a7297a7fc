-- Connections of tenants to the outside. Secrets are sealed under the tenant's key; names of those that are set stand beside them. Runs as gw_owner.
create table connections (
  tenant_id uuid not null, id uuid not null, name text not null, type text not null, settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  secret_names text[] not null default '{}', secret bytea, -- the JSON of all secrets
  status text not null default 'untested' check (status in ('untested', 'working', 'failing', 'unauthorized')), tested_at timestamptz, error text, created_by uuid,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select apply_tenancy('connections');

-- Apart from the connection, so that a token that is renewed changes nobody's version. `refreshing_until` is the lease of the one who renews it.
create table connection_tokens (
  tenant_id uuid not null, connection_id uuid not null, sealed bytea, expires_at timestamptz, generation int not null default 1, refreshing_until timestamptz,
  primary key (tenant_id, connection_id), foreign key (tenant_id, connection_id) references connections on delete cascade
);
select apply_tenancy('connection_tokens');

-- Consents under way (RFC 6749, 4.1), by the hash of their state: taken once, by the person who began them.
create table connection_authorizations (
  tenant_id uuid not null, id bytea not null, connection_id uuid not null, person_id uuid not null, verifier bytea not null, expires_at timestamptz not null,
  primary key (tenant_id, id), foreign key (tenant_id, connection_id) references connections on delete cascade
);
create index connection_authorizations_connection on connection_authorizations (tenant_id, connection_id);
select apply_tenancy('connection_authorizations', 'select, insert, delete');
