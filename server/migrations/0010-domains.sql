-- Domains of tenants, proved by a record in the DNS. Runs as gw_owner.
create table domains (
  tenant_id uuid not null, id uuid not null, name text collate "C" not null check (name = lower(name)), -- punycode, without the root's dot
  token text not null, -- drawn anew for each row; it stands in the public DNS once used
  status text not null default 'pending' check (status in ('pending', 'verified', 'lapsed')),
  verified_at timestamptz, checked_at timestamptz, failing_since timestamptz, problem text,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), constraint domains_once unique (tenant_id, name)
);
select apply_tenancy('domains', 'select, insert (tenant_id, id, name, token), delete'); -- a request never says that it is proved
create unique index domains_proved on domains (name) where status = 'verified';
comment on index domains_proved is 'not by tenant: a name is one tenant''s, and whose is asked with each request';
-- Sign-in asks whose a mail domain is, before any tenant is known.
grant select (tenant_id, name, status) on domains to gw_identity;
create policy library on domains for select to gw_identity using (status = 'verified');
