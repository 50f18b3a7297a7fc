-- Since when a trigger takes events: what happened before begins nothing, also when the log is read again. Runs as gw_owner.
alter table workflow_triggers add column enabled_at timestamptz not null default now();
