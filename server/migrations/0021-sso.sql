-- Single sign-on of tenants: their providers, and tickets by which a customer's IT sets one up.
create table sso_providers (
  tenant_id uuid not null, id uuid not null, protocol text not null check (protocol in ('oidc', 'saml')), name text not null,
  config jsonb not null, sealed bytea, -- what is public of it; the client's secret, under the tenant's key
  groups_claim text not null default 'groups', roles jsonb not null default '[]', default_role text not null default 'member' check (default_role in ('viewer', 'member', 'admin')),
  status text not null default 'draft' check (status in ('draft', 'enabled', 'disabled')), tested_at timestamptz, problem text,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select apply_tenancy('sso_providers');
create unique index sso_providers_id on sso_providers (id);
comment on index sso_providers_id is 'not by tenant: a provider''s answer names it before any tenant is known';

create table sso_tickets (
  tenant_id uuid not null, id uuid not null, token_hash bytea not null, note text, created_by uuid not null, expires_at timestamptz not null,
  used_at timestamptz, revoked_at timestamptz, provider_id uuid, -- the one provider it sets up
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select apply_tenancy('sso_tickets');
create unique index sso_tickets_token on sso_tickets (token_hash);
comment on index sso_tickets_token is 'not by tenant: the ticket says which';

-- One account for one identity elsewhere; better-auth does not make it.
create unique index account_once on identity."account" ("providerId", "accountId");
