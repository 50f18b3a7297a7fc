-- How a tenant looks. The logo is small and lies in the row; its type is what its bytes say. Runs as gw_owner.
create table branding (
  tenant_id uuid primary key, name text, color text check (color ~ '^#[0-9a-f]{6}$'),
  logo bytea check (octet_length(logo) <= 65536), logo_type text check (logo_type in ('image/png', 'image/jpeg', 'image/webp')), logo_hash text,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  check ((logo is null) = (logo_type is null) and (logo is null) = (logo_hash is null))
);
select apply_tenancy('branding', 'select, insert, update');
