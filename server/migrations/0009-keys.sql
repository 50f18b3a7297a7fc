-- Keys of machines: a tenant's API keys and the platform's service keys. Only the sha256 of a key is kept. Runs as gw_owner.
create table api_keys (
  tenant_id uuid not null, id uuid not null, name text not null, hint text not null, -- how it begins and ends, to tell keys apart
  hash bytea not null, former_hash bytea, former_until timestamptz, -- the one before a rotation works on until then
  scopes text[] not null, addresses text[] not null, enabled boolean not null default true, expires_at timestamptz,
  made_by uuid not null, -- whose rights it never exceeds, and with whose membership it ends
  last_used_at timestamptz, version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index api_keys_hash on api_keys (hash);
comment on index api_keys_hash is 'not by tenant: the key is what tells the tenant';
create unique index api_keys_former on api_keys (former_hash) where former_hash is not null;
comment on index api_keys_former is 'not by tenant: the key is what tells the tenant';
create index api_keys_maker on api_keys (tenant_id, made_by);
select apply_tenancy('api_keys');
-- that a key was used is no change of it: neither version nor updated_at move
drop trigger touch on api_keys;
create trigger touch before insert or update of name, hint, hash, former_hash, former_until, scopes, addresses, enabled, expires_at, made_by on api_keys for each row execute function touch_version();

create table service_keys (
  id uuid primary key, name text not null, hint text not null, hash bytea not null unique, former_hash bytea unique, former_until timestamptz,
  scopes text[] not null, addresses text[] not null, enabled boolean not null default true, expires_at timestamptz,
  operations text[] not null, -- of tenants, by their operationId: none unless named
  tenants uuid[], -- where they may be done; null: everywhere
  made_by uuid not null, last_used_at timestamptz, version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now()
);
comment on table service_keys is 'no tenant: they stand above tenants; operators make them, gw_system alone reads them';
create trigger touch before insert or update of name, hint, hash, former_hash, former_until, scopes, addresses, enabled, expires_at, operations, tenants, made_by on service_keys for each row execute function touch_version();
grant select, insert, update, delete on service_keys to gw_system;

-- a key is refused while whoever answers for it is banned
grant select ("banExpires") on identity."user" to gw_system;
