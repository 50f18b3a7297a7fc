-- A tenant's OAuth server: its clients, the scopes it adds, what people allowed, the keys that sign. Tokens, codes and grants stay in
-- oauth.artifact, which the library's adapter writes as gw_identity. Runs as gw_owner.
create table oauth_clients (
  tenant_id uuid not null, id uuid not null, -- the client_id
  name text not null, origin text not null check (origin in ('admin', 'registration')),
  scopes text[] not null, metadata jsonb not null, -- RFC 7591, without name, scope and secrets
  secret bytea, previous_secret bytea, previous_ends_at timestamptz, -- sealed under the tenant's key; two are good until the old one's end
  created_by uuid, version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select apply_tenancy('oauth_clients');

create table oauth_scopes (
  tenant_id uuid not null, id uuid not null, name text not null, description text not null, permissions text[] not null,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), unique (tenant_id, name)
);
select apply_tenancy('oauth_scopes');

/* What a person allowed a client: asked once, remembered until it is withdrawn, or the client or the membership ends. */
create table oauth_consents (
  tenant_id uuid not null, person_id uuid not null, client_id uuid not null, scopes text[] not null,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, person_id, client_id),
  foreign key (tenant_id, client_id) references oauth_clients on delete cascade,
  foreign key (tenant_id, person_id) references identity."member" ("organizationId", "userId") on delete cascade
);
create index oauth_consents_client on oauth_consents (tenant_id, client_id);
select apply_tenancy('oauth_consents');
create policy own on oauth_consents as restrictive to gw_app
  using ((select nullif(current_setting('app.actor'), '')::uuid) is null or person_id = (select nullif(current_setting('app.actor'), '')::uuid))
  with check (person_id = (select nullif(current_setting('app.actor'), '')::uuid));

-- a token presented to the API is looked up before a tenant is known
grant select on oauth_clients, oauth_scopes to gw_identity;
create policy identity on oauth_clients for select to gw_identity using (true);
create policy identity on oauth_scopes for select to gw_identity using (true);

/* A token of a tenant's issuer that ends before its time: caches and sockets hear it from the log. The subject is the row's id, never the token. */
create function oauth.log_token_end() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
declare actor constant uuid := nullif(current_setting('app.actor', true), '')::uuid;
begin
  insert into events (tenant_id, id, name, subject_type, subject_id, person_id, actor_type, actor_id, request_id, data) values (
    old.tenant_id, uuid7(), 'oauth-token.revoked', 'oauth-token', old.id, old.account_id,
    case when actor is null then 'system' else coalesce(nullif(current_setting('app.actor_type', true), ''), 'user') end, actor,
    nullif(current_setting('app.request', true), ''), jsonb_build_object('clientId', old.client_id));
  return null;
end $$;
create trigger log_token_end after delete on oauth.artifact for each row
  when (old.tenant_id is not null and old.kind in ('AccessToken', 'ClientCredentials') and old.expires_at > now()) execute function oauth.log_token_end();

/* What hangs on a client, a consent, a membership or a tenant ends with it, in the same transaction. */
create function oauth.end_artifacts() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  case tg_table_name
    when 'oauth_clients' then delete from oauth.artifact where tenant_id = old.tenant_id and client_id = old.id::text;
    when 'oauth_consents' then delete from oauth.artifact where tenant_id = old.tenant_id and client_id = old.client_id::text and account_id = old.person_id;
    when 'member' then delete from oauth.artifact where tenant_id = old."organizationId" and account_id = old."userId";
    when 'organization' then
      delete from oauth.artifact where tenant_id = old.id;
      delete from oauth.grant_context where tenant_id = old.id;
  end case;
  return null;
end $$;
create trigger end_artifacts after delete on oauth_clients for each row execute function oauth.end_artifacts();
create trigger end_artifacts after delete on oauth_consents for each row execute function oauth.end_artifacts();
create trigger end_artifacts after delete on identity."member" for each row execute function oauth.end_artifacts();
create trigger end_artifacts after delete on identity."organization" for each row execute function oauth.end_artifacts();
create index artifact_account on oauth.artifact (tenant_id, client_id, account_id);

/* Keys that sign tokens, newest first. One is published before it signs, and after it no longer does until the last token it signed has ended. */
create table oauth.signing_key (
  kid text primary key, alg text not null check (alg in ('ES256', 'RS256')), sealed bytea not null,
  signs_from timestamptz not null default now(), ends_at timestamptz, created_at timestamptz not null default now()
);
comment on table oauth.signing_key is 'no tenant: the installation''s, of all its issuers; gw_identity alone. no events: signing-keys.rotated tells of them';
grant select, insert, update, delete on oauth.signing_key to gw_identity;
