-- Outside issuers whose tokens are believed (Supabase, Auth0, Keycloak ...): the platform's under its own id, and each tenant's. Runs as gw_owner.
create table trusted_issuers (
  tenant_id uuid not null, id uuid not null, issuer text not null, audience text not null, jwks_uri text, -- null: as the issuer's discovery document says
  mapping jsonb not null, enabled boolean not null default true,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), unique (tenant_id, issuer, audience)
);
select apply_tenancy('trusted_issuers');
create index trusted_issuers_issuer on trusted_issuers (issuer);
comment on index trusted_issuers_issuer is 'not by tenant: the token is what tells the tenant';
