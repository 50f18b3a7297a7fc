-- Ways to prove who one is beside the password, and how each session was proven. In schema identity, so gw_identity alone reads and writes them.
set local search_path = identity, public;

/* One authenticator app a person; it counts once a first code was typed. The secret is sealed under the person's key. */
create table totp (
  id uuid not null default uuid7() primary key, user_id uuid not null unique references "user" on delete cascade, sealed bytea not null, confirmed_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), version int not null default 1
);
/* A time step counts once: the second use of a code meets the primary key. */
create table totp_step (user_id uuid not null references "user" on delete cascade, step bigint not null, primary key (user_id, step));
/* The unused codes of a person, hashed; using one takes it out. */
create table recovery_codes (
  id uuid not null default uuid7() primary key, user_id uuid not null unique references "user" on delete cascade, key_hash bytea[] not null,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), version int not null default 1
);
/* payload: public key, counter, transports; key_hash: sha256 of the credential's id. Nothing of it is copied into the log. */
create table passkey (
  id uuid not null default uuid7() primary key, user_id uuid not null references "user" on delete cascade, name text not null, key_hash bytea not null unique, payload jsonb not null,
  used_at timestamptz, created_at timestamptz not null default now(), updated_at timestamptz not null default now(), version int not null default 1
);
create index passkey_user on passkey (user_id);
/* How a session was proven, and when last. tenant_id: by the provider of that tenant, so it opens no other. A session without a row came by password. */
create table session_proof (
  session_id uuid primary key references "session" on delete cascade, user_id uuid not null references "user" on delete cascade, methods text[] not null,
  tenant_id uuid, provider_id uuid, proven_at timestamptz not null default now()
);
create index session_proof_user on session_proof (user_id);
create index session_proof_provider on session_proof (provider_id) where provider_id is not null;

comment on table totp is 'no tenant: a person''s';
comment on table totp_step is 'no tenant: a person''s. no events: follows from session.started';
comment on table recovery_codes is 'no tenant: a person''s';
comment on table passkey is 'no tenant: a person''s';
comment on table session_proof is 'no tenant: a person''s. no events: follows from session.started';

create trigger touch before insert or update on totp for each row execute function public.touch_version();
create trigger touch before insert or update on recovery_codes for each row execute function public.touch_version();
create trigger touch before insert or update on passkey for each row execute function public.touch_version();
grant select, insert, update, delete on totp, totp_step, recovery_codes, passkey, session_proof to gw_identity;

do $$
declare t record;
begin
  for t in select * from (values
    ('totp', 'totp.begun', 'totp.confirmed', 'totp.removed'),
    ('recovery_codes', 'recovery-codes.made', 'recovery-codes.used', 'recovery-codes.removed'),
    ('passkey', 'passkey.added', 'passkey.used', 'passkey.removed')
  ) as v(tab, ins, upd, del) loop
    execute format('create trigger log_change after insert or update or delete on identity.%I for each row execute function public.log_identity_change(%L, %L, %L)', t.tab, t.ins, t.upd, t.del);
  end loop;
end $$;

-- What a tenant demands of those who enter it.
set local search_path = public;
create table security_rules (
  tenant_id uuid not null primary key, second_factor text not null default 'optional' check (second_factor in ('optional', 'required')),
  passkeys text not null default 'optional' check (passkeys in ('optional', 'required')), sso text not null default 'optional' check (sso in ('optional', 'required')),
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), version int not null default 1
);
select apply_tenancy('security_rules');
