-- Devices a person has signed in from: a sign-in from another one is told to them by mail. Runs as gw_owner.
create table identity.known_device (
  user_id uuid not null references identity."user" on delete cascade,
  device bytea not null, -- sha256 of the browser's kind and system, without versions
  seen_at timestamptz not null default now(), primary key (user_id, device)
);
comment on table identity.known_device is 'no tenant: a person''s. no events: follows from session.started';
grant select, insert, update, delete on identity.known_device to gw_identity;
