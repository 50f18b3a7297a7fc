/* Each single try of a delivery, however it ended: the delivery itself knows the last alone. The begin of the answer is sealed, as anything may stand
   in it. A try goes with its delivery, or when it is old. */
create table webhook_tries (
  tenant_id uuid not null, delivery_id uuid not null, round int not null, attempt int not null, -- from 1 in each round
  at timestamptz not null default now(), status_code int, duration_ms int not null, answer bytea, error text,
  primary key (tenant_id, delivery_id, round, attempt), foreign key (tenant_id, delivery_id) references webhook_deliveries on delete cascade
);
create index webhook_tries_old on webhook_tries using brin (at);
comment on index webhook_tries_old is 'not by tenant: the sweep looks for what is old';
select apply_tenancy('webhook_tries');
comment on table webhook_tries is 'no events: follows from the event its delivery sends';
