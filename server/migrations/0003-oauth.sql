-- The token issuer's storage: oidc-provider's models as rows, what each grant hangs on, and the secrets that all processes share.
-- no tenant: the issuer's adapter runs before a tenant is known; it names the tenant in the WHERE of every statement.
create schema oauth;

/* Every model of oidc-provider (Grant, RefreshToken, Client, ...) is one row; ids are kept only as sha256. */
create table oauth.artifact (
  id uuid primary key default uuid7(), kind text not null, key_hash bytea not null, payload jsonb not null,
  tenant_id uuid, -- null: the platform's own issuer
  client_id text, account_id uuid, grant_id text, uid text, user_code text,
  consumed_at timestamptz, expires_at timestamptz, created_at timestamptz not null default now(), unique (kind, key_hash)
);
create index artifact_grant on oauth.artifact (grant_id);
create index artifact_uid on oauth.artifact (uid) where uid is not null;
create index artifact_user_code on oauth.artifact (user_code) where user_code is not null;
create index artifact_expires on oauth.artifact (expires_at);
comment on table oauth.artifact is 'no tenant: null for the platform''s issuer; gw_identity alone. no events: grant_context speaks for the grants, tokens come and go';

/* A refresh dies with the session and with the membership that its grant was given for. */
create table oauth.grant_context (
  grant_id text primary key, session_id uuid, tenant_id uuid, user_id uuid not null, created_at timestamptz not null default now()
);
create index grant_context_session on oauth.grant_context (session_id);
comment on table oauth.grant_context is 'no tenant: null where a person has no active tenant; gw_identity alone';

/* Signing keys and cookie secrets, sealed under the platform key; made once, by whichever process starts first. */
create table oauth.issuer_secret (name text primary key, sealed bytea not null, created_at timestamptz not null default now());
comment on table oauth.issuer_secret is 'no tenant: the installation''s; gw_identity alone. no events: made once at the first start';

grant usage on schema oauth to gw_identity;
grant select, insert, update, delete on all tables in schema oauth to gw_identity;

-- a tenant's audit learns of each sign-in to it
create trigger log_sign_in after insert on oauth.grant_context for each row when (new.tenant_id is not null)
  execute function public.log_identity_change('member.signed-in', '', '');
