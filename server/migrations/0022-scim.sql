-- Provisioning by a customer's directory (SCIM 2.0): its token, the people and groups as it names them.
create table scim_tokens (
  tenant_id uuid not null, id uuid not null, name text not null, token_hash bytea not null, created_by uuid not null, used_at timestamptz,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(), primary key (tenant_id, id)
);
select apply_tenancy('scim_tokens');
create unique index scim_tokens_hash on scim_tokens (token_hash);
comment on index scim_tokens_hash is 'not by tenant: the token says which';

create table scim_users (
  tenant_id uuid not null, id uuid not null, user_id uuid not null references identity."user" on delete cascade, user_name text not null, external_id text, active boolean not null,
  name jsonb not null default '{}', display_name text, emails jsonb not null default '[]',
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(), primary key (tenant_id, id)
);
select apply_tenancy('scim_users');
create unique index scim_users_name on scim_users (tenant_id, lower(user_name));
create unique index scim_users_person on scim_users (tenant_id, user_id);

create table scim_groups (
  tenant_id uuid not null, id uuid not null, display_name text not null, external_id text,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(), primary key (tenant_id, id)
);
select apply_tenancy('scim_groups');
create unique index scim_groups_name on scim_groups (tenant_id, lower(display_name));
create table scim_members (
  tenant_id uuid not null, group_id uuid not null, scim_user_id uuid not null, primary key (tenant_id, group_id, scim_user_id),
  foreign key (tenant_id, group_id) references scim_groups on delete cascade, foreign key (tenant_id, scim_user_id) references scim_users on delete cascade
);
select apply_tenancy('scim_members');
create index scim_members_user on scim_members (tenant_id, scim_user_id);
