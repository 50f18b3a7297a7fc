-- People, credentials, sessions, organisations (an organisation is a tenant), members, invitations. The tables are better-auth's own, as its
-- compileMigrations() writes them, with uuid7() as default of the ids; a test asserts that it finds nothing to add. Runs as gw_owner.
-- They stand outside of apply_tenancy: the libraries' adapters run before any tenant is known, as gw_identity. Requests and readers get
-- policies of their own below, for reading only.
create schema identity;
set local search_path = identity, public;

create table "user" ("id" uuid default uuid7() not null primary key, "name" text not null, "email" text not null unique, "emailVerified" boolean not null, "image" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz default CURRENT_TIMESTAMP not null, "role" text, "banned" boolean, "banReason" text, "banExpires" timestamptz);
create table "session" ("id" uuid default uuid7() not null primary key, "expiresAt" timestamptz not null, "token" text not null unique, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz not null, "ipAddress" text, "userAgent" text, "userId" uuid not null references "user" ("id") on delete cascade, "impersonatedBy" text, "activeOrganizationId" text);
create table "account" ("id" uuid default uuid7() not null primary key, "accountId" text not null, "providerId" text not null, "userId" uuid not null references "user" ("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, "scope" text, "password" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz not null);
create table "verification" ("id" uuid default uuid7() not null primary key, "identifier" text not null, "value" text not null, "expiresAt" timestamptz not null, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz default CURRENT_TIMESTAMP not null);
create table "organization" ("id" uuid default uuid7() not null primary key, "name" text not null, "slug" text not null unique, "logo" text, "createdAt" timestamptz not null, "metadata" text);
create table "member" ("id" uuid default uuid7() not null primary key, "organizationId" uuid not null references "organization" ("id") on delete cascade, "userId" uuid not null references "user" ("id") on delete cascade, "role" text not null, "createdAt" timestamptz not null);
create table "invitation" ("id" uuid default uuid7() not null primary key, "organizationId" uuid not null references "organization" ("id") on delete cascade, "email" text not null, "role" text, "status" text not null, "expiresAt" timestamptz not null, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "inviterId" uuid not null references "user" ("id") on delete cascade);
create index "session_userId_idx" on "session" ("userId");
create index "account_userId_idx" on "account" ("userId");
create index "verification_identifier_idx" on "verification" ("identifier");
create index "member_organizationId_idx" on "member" ("organizationId");
create index "member_userId_idx" on "member" ("userId");
create index "invitation_organizationId_idx" on "invitation" ("organizationId");
create index "invitation_email_idx" on "invitation" ("email");

-- Ours on top. The libraries leave columns they do not know alone.
alter table "user" add version int not null default 1;
alter table "organization" alter "createdAt" set default now(), add "updatedAt" timestamptz not null default now(), add version int not null default 1,
  add status text not null default 'active' check (status in ('active', 'deleting', 'suspended')), add "deletesAt" timestamptz;
alter table "member" alter "createdAt" set default now(), add "updatedAt" timestamptz not null default now(), add version int not null default 1,
  add check (role in ('viewer', 'member', 'admin', 'owner'));
-- an invitation without address is a link: whoever holds the token may accept it, once
alter table "invitation" alter email drop not null, add "updatedAt" timestamptz not null default now(), add version int not null default 1,
  add "tokenHash" bytea unique, add "sentAt" timestamptz not null default now(),
  add check (role in ('viewer', 'member', 'admin', 'owner')), add check (status in ('pending', 'accepted', 'rejected', 'canceled'));
create unique index member_once on "member" ("organizationId", "userId"); -- better-auth does not make it
create index session_expires on "session" ("expiresAt");
create index verification_expires on "verification" ("expiresAt");

create function touch() returns trigger language plpgsql as $$
begin
  new."updatedAt" := now();
  new.version := old.version + 1;
  return new;
end $$;
create trigger touch before update on "user" for each row execute function touch();
create trigger touch before update on "organization" for each row execute function touch();
create trigger touch before update on "member" for each row execute function touch();
create trigger touch before update on "invitation" for each row execute function touch();

create table preferences (
  user_id uuid primary key references "user" on delete cascade, locale text not null default 'en', time_zone text not null default 'UTC',
  notifications jsonb not null default '{}', version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
create trigger touch before insert or update on preferences for each row execute function public.touch_version();
create table last_tenant (
  user_id uuid primary key references "user" on delete cascade, tenant_id uuid not null references "organization" on delete cascade, used_at timestamptz not null default now()
);
/* Who was a member once: their name still stands at what they wrote. */
create table former_member (
  organization_id uuid not null references "organization" on delete cascade, user_id uuid not null references "user" on delete cascade,
  left_at timestamptz not null default now(), primary key (organization_id, user_id)
);
/* The first account claims the installation: the row is locked by whoever registers while nobody has. */
create table claim (one boolean primary key default true check (one), setup_hash bytea, claimed_by uuid, claimed_at timestamptz);
insert into claim default values;

comment on table "user" is 'no tenant: people are global; the tenant policy shows those who are or were members';
comment on table "session" is 'no tenant: a person''s; tokens in clear, so gw_identity alone';
comment on table "account" is 'no tenant: a person''s credentials, gw_identity alone';
comment on table "verification" is 'no tenant: one-time tokens, hashed, gw_identity alone. no events: what a token brings about is an event';
comment on table "organization" is 'no tenant: it is the tenant, its id is the tenant''s id';
comment on table "member" is 'no tenant: column "organizationId" of the library, with policies of its own';
comment on table "invitation" is 'no tenant: column "organizationId" of the library, with policies of its own';
comment on table preferences is 'no tenant: a person''s';
comment on table last_tenant is 'no tenant: a person''s. no events: follows from member.signed-in';
comment on table former_member is 'no tenant: column organization_id, with policies of its own. no events: follows from member.removed';
comment on table claim is 'no tenant: one row about the installation. no events: follows from user.registered of the first operator';

-- Who may read and write. The libraries' role stands in for every tenant; requests and readers only look.
grant usage on schema identity to gw_identity, gw_app, gw_system;
grant select, insert, update, delete on all tables in schema identity to gw_identity;
grant select (id, name, email, image, "emailVerified", "createdAt", "updatedAt", version) on "user" to gw_app;
grant select on "organization", "member", former_member to gw_app;
grant select (id, "organizationId", email, role, status, "expiresAt", "createdAt", "updatedAt", version, "inviterId", "sentAt") on "invitation" to gw_app, gw_system;
grant select (id, name, email, image, "emailVerified", role, banned, "createdAt", "updatedAt", version) on "user" to gw_system;
grant select on "organization", "member", former_member, preferences to gw_system;
-- letters (verification, reset) are jobs that ride in the change that wants them
grant insert (tenant_id, id, name, key, data, secret, run_at, max_attempts, cause_id, request_id) on public.jobs to gw_identity;
create policy identity on public.jobs for insert to gw_identity with check (tenant_id = '00000000-0000-0000-0000-000000000000');
do $$
declare t text;
begin
  foreach t in array array['user', 'organization', 'member', 'invitation', 'former_member'] loop
    execute format('alter table identity.%I enable row level security', t);
    execute format('alter table identity.%I force row level security', t);
    execute format('create policy library on identity.%I to gw_identity using (true) with check (true)', t);
    execute format('create policy system on identity.%I for select to gw_system using (true)', t);
  end loop;
end $$;
create policy tenant on "organization" for select to gw_app using (id = (select current_setting('app.tenant')::uuid));
create policy tenant on "member" for select to gw_app using ("organizationId" = (select current_setting('app.tenant')::uuid));
create policy tenant on "invitation" for select to gw_app using ("organizationId" = (select current_setting('app.tenant')::uuid));
create policy tenant on former_member for select to gw_app using (organization_id = (select current_setting('app.tenant')::uuid));
create policy tenant on "user" for select to gw_app using (
  exists (select from identity."member" m where m."organizationId" = (select current_setting('app.tenant')::uuid) and m."userId" = "user".id)
  or exists (select from identity.former_member f where f.organization_id = (select current_setting('app.tenant')::uuid) and f.user_id = "user".id));

/* With the caller's rights on purpose: when a person or a tenant is deleted the cascade runs as gw_owner, who sees neither, and nothing is kept. */
create function keep_former_member() returns trigger language plpgsql as $$
begin
  insert into identity.former_member (organization_id, user_id)
  select old."organizationId", old."userId" where exists (select from identity."user" where id = old."userId") and exists (select from identity."organization" where id = old."organizationId")
  on conflict do nothing;
  return null;
end $$;
create trigger keep_former after delete on "member" for each row execute function keep_former_member();
create function forget_former_member() returns trigger language plpgsql as $$
begin
  delete from identity.former_member where organization_id = new."organizationId" and user_id = new."userId";
  return null;
end $$;
create trigger forget_former after insert on "member" for each row execute function forget_former_member();

/* Every write to these tables, also the libraries' own, leaves its event in the same transaction: better-auth has no transactional hook.
   A trigger has no keys and cannot seal: secrets and personal values are named when they change, never copied. Arguments: the names of the
   events for insert, update and delete. The actor is what the pool stamped on the connection; a person who registers or signs in is their own. */
create function public.log_identity_change() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  before jsonb := case when tg_op = 'INSERT' then '{}'::jsonb else to_jsonb(old) end;
  after  jsonb := case when tg_op = 'DELETE' then '{}'::jsonb else to_jsonb(new) end;
  row    jsonb := case when tg_op = 'DELETE' then before else after end;
  masked constant text[] := array['token','tokenHash','password','accessToken','refreshToken','idToken','accountId','ipAddress','userAgent','email','name','image','banReason','key_hash','payload','sealed'];
  always constant text[] := array['id','createdAt','created_at','updatedAt','updated_at','version','metadata','logo'];
  noise  constant text[] := array['expiresAt','expires_at','activeOrganizationId','accessTokenExpiresAt','refreshTokenExpiresAt'];
  person constant uuid := (case when tg_table_name = 'user' then row ->> 'id' else coalesce(row ->> 'userId', row ->> 'user_id') end)::uuid;
  request constant text := nullif(current_setting('app.request', true), '');
  actor uuid := nullif(current_setting('app.actor', true), '')::uuid;
  named text := case tg_op when 'INSERT' then tg_argv[0] when 'UPDATE' then tg_argv[1] else tg_argv[2] end;
  data jsonb := '{}';
  was jsonb := '{}';
  field text;
  secret boolean;
begin
  for field in select jsonb_object_keys(row) loop
    continue when field = any (always) or (before -> field) is not distinct from (after -> field);
    secret := field = any (masked) and not (tg_table_name = 'organization' and field = 'name'); -- a tenant's name is no secret
    if tg_op = 'UPDATE' then
      data := data || jsonb_build_object(field, case when secret then '"***"'::jsonb else row -> field end);
      if not secret then was := was || jsonb_build_object(field, before -> field); end if;
    elsif not secret and row -> field <> 'null'::jsonb then
      data := data || jsonb_build_object(field, row -> field);
    end if;
  end loop;
  if tg_op = 'UPDATE' then
    if tg_table_name = 'invitation' then
      named := case when row ->> 'status' = before ->> 'status' then 'invitation.resent' when row ->> 'status' = 'accepted' then 'invitation.accepted' else 'invitation.revoked' end;
    elsif data - noise = '{}'::jsonb then return null;
    end if;
    data := data || jsonb_build_object('was', was);
  end if;
  if actor is null and request is not null and tg_op = 'INSERT' and tg_table_name in ('user', 'account', 'session', 'grant_context') then actor := person; end if;
  insert into events (tenant_id, id, name, subject_type, subject_id, person_id, actor_type, actor_id, request_id, data) values (
    coalesce(row ->> 'organizationId', row ->> 'tenant_id', case when tg_table_name = 'organization' then row ->> 'id' end, '00000000-0000-0000-0000-000000000000')::uuid,
    uuid7(), named, split_part(named, '.', 1),
    case when tg_table_name in ('member', 'grant_context', 'preferences') then person else (row ->> 'id')::uuid end,
    person, case when actor is null then 'system' else coalesce(nullif(current_setting('app.actor_type', true), ''), 'user') end, actor, request, data);
  return null;
end $$;
do $$
declare t record;
begin
  for t in select * from (values
    ('user', 'user.registered', 'user.changed', 'user.deleted'),
    ('account', 'credential.added', 'credential.changed', 'credential.removed'),
    ('session', 'session.started', 'session.changed', 'session.ended'),
    ('organization', 'tenant.created', 'tenant.changed', 'tenant.deleted'),
    ('member', 'member.added', 'member.changed', 'member.removed'),
    ('invitation', 'invitation.sent', 'invitation.changed', 'invitation.deleted'),
    ('preferences', 'preferences.set', 'preferences.changed', 'preferences.deleted')
  ) as v(tab, ins, upd, del) loop
    execute format('create trigger log_change after insert or update or delete on identity.%I for each row execute function public.log_identity_change(%L, %L, %L)', t.tab, t.ins, t.upd, t.del);
  end loop;
end $$;
