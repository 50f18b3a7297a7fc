-- Outgoing webhooks: who is told over HTTP of what happens in a tenant, and each telling. Runs as gw_owner.
create table webhooks (
  tenant_id uuid not null, id uuid not null, url text not null, description text, events text[] not null, -- names, `noun.*`, or `*`
  secret bytea not null, old_secret bytea, old_secret_until timestamptz, -- sealed under the tenant's key
  status text not null default 'active' check (status in ('active', 'paused', 'disabled')), disabled_reason text, failing_since timestamptz, created_by uuid,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select apply_tenancy('webhooks');

/* One row an event and webhook, however often it is sent: the receiver knows the event's id by its first arrival. The body is kept sealed, as it
   holds what people wrote, and is sent byte for byte as it was first. `round` counts replays: a job of an earlier round does nothing. */
create table webhook_deliveries (
  tenant_id uuid not null, id uuid not null, webhook_id uuid not null, event_id uuid not null, event_name text not null, pos bigint not null, seq bigint not null,
  body bytea not null, state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')), round int not null default 0, attempt int not null default 0,
  next_at timestamptz, status_code int, answer bytea, error text, duration_ms int, delivered_at timestamptz,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), unique (tenant_id, webhook_id, event_id), foreign key (tenant_id, webhook_id) references webhooks on delete cascade
);
create index webhook_deliveries_placed on webhook_deliveries (tenant_id, webhook_id, pos, seq);
create index webhook_deliveries_pending on webhook_deliveries (tenant_id, webhook_id) where state = 'pending';
select apply_tenancy('webhook_deliveries');
comment on table webhook_deliveries is 'no events: follows from the event it sends; what people do to it and its end are events of the webhook';
